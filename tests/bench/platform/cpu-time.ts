import { readFileSync } from 'node:fs';
import { listProcesses, processTree } from '#cli/launcher/process-table.js';
import type { RunningProcess } from '#cli/launcher/run-record.js';

/** CPU seconds by part of the platform: `order`, `postgres`, … Copies of a service count together. */
export type CpuSeconds = Readonly<Record<string, number>>;

/** The kernel's unit of CPU time in /proc, on every Linux that Node runs on. */
const ticksPerSecond = 100;

/** What each part has used since its start; nothing on a system without /proc. */
export function readCpuSeconds(processes: readonly RunningProcess[]): CpuSeconds {
  const seconds: Record<string, number> = {};
  if (process.platform !== 'linux') return seconds;
  const all = listProcesses();
  for (const { name, pid } of processes) {
    const part = partOf(name);
    const ticks = processTree(pid, all).reduce((sum, entry) => sum + ticksOf(entry.pid), 0);
    seconds[part] = (seconds[part] ?? 0) + ticks / ticksPerSecond;
  }
  return seconds;
}

export function cpuSecondsBetween(before: CpuSeconds, after: CpuSeconds): CpuSeconds {
  return Object.fromEntries(
    Object.entries(after).map(([part, value]) => [part, value - (before[part] ?? 0)]),
  );
}

/** `order-2` is a copy of order. */
export function partOf(processName: string): string {
  return processName.replace(/-\d+$/, '');
}

/** User and system time of a process and of those of its children that have ended. */
function ticksOf(pid: number): number {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return 0;
  }
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return [11, 12, 13, 14].reduce((sum, index) => sum + Number(fields[index]), 0);
}
