import { execFileSync } from 'node:child_process';
import { readFileSync, readdirSync, readlinkSync } from 'node:fs';

import { errorCode } from '../error-code.js';

/** A process that cannot be mistaken for a later one with the same pid. */
export interface ProcessId {
  readonly pid: number;
  /** When it was started, as the system tells it; differs after a reboot also when the numbers repeat. */
  readonly startTime: string;
}

export interface ProcessEntry extends ProcessId {
  readonly parentPid: number;
  /** On systems without /proc the process group, which is the same for everything the launcher starts. */
  readonly sessionId: number;
  readonly command: string;
}

const onLinux = process.platform === 'linux';

/** Every process that is alive; one that waits to be reaped counts as dead. */
export function listProcesses(): ProcessEntry[] {
  if (!onLinux) return listWithPs();
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => readEntry(Number(name)) ?? []);
}

export function findProcess(pid: number): ProcessEntry | undefined {
  if (onLinux) return readEntry(pid);
  return listWithPs(pid)[0];
}

export function isAlive(id: ProcessId): boolean {
  return findProcess(id.pid)?.startTime === id.startTime;
}

/** Signals the process if it is still the one that was meant. */
export function signal(id: ProcessId, name: NodeJS.Signals): void {
  if (!isAlive(id)) return;
  try {
    process.kill(id.pid, name);
  } catch (error) {
    if (!isGone(error)) throw error;
  }
}

export function isGone(error: unknown): boolean {
  return errorCode(error) === 'ESRCH';
}

/** A process with all that descend from it. */
export function processTree(rootPid: number, all: readonly ProcessEntry[]): ProcessEntry[] {
  const tree = all.filter(({ pid }) => pid === rootPid);
  for (let index = 0; index < tree.length; index++) {
    tree.push(...all.filter(({ parentPid }) => parentPid === tree[index]?.pid));
  }
  return tree;
}

/** Where a process works, or undefined where the system does not tell. */
export function workingFolder(pid: number): string | undefined {
  if (!onLinux) return undefined;
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    return undefined;
  }
}

/** What a process was given as environment, or nothing where the system does not tell. */
export function environmentOf(pid: number): string[] {
  if (!onLinux) return [];
  try {
    return readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
  } catch {
    return [];
  }
}

let bootId: string | undefined;

function readEntry(pid: number): ProcessEntry | undefined {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return undefined;
  }
  bootId ??= readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  return parseStat(stat, bootId);
}

/** Parses /proc/PID/stat. The command stands in brackets and may hold blanks and brackets itself. */
export function parseStat(stat: string, boot: string): ProcessEntry | undefined {
  const open = stat.indexOf('(');
  const close = stat.lastIndexOf(')');
  const fields = stat.slice(close + 2).split(' ');
  const [state, parentPid, , sessionId] = fields;
  const startTicks = fields[19];
  if (state === 'Z' || state === 'X') return undefined;
  return {
    pid: Number(stat.slice(0, open)),
    parentPid: Number(parentPid),
    sessionId: Number(sessionId),
    command: stat.slice(open + 1, close),
    startTime: `${boot}/${startTicks}`,
  };
}

function listWithPs(pid?: number): ProcessEntry[] {
  const which = pid === undefined ? ['-ax'] : ['-p', String(pid)];
  let output: string;
  try {
    output = execFileSync('ps', [...which, '-o', 'pid=,ppid=,pgid=,state=,lstart=,comm='], {
      encoding: 'utf8',
      env: { ...process.env, LC_ALL: 'C' },
      stdio: ['ignore', 'pipe', 'ignore'],
    });
  } catch {
    return [];
  }
  return output.split('\n').flatMap((line) => parsePsLine(line) ?? []);
}

/** lstart is five words: `Tue Nov 24 15:17:00 2026`. */
export function parsePsLine(line: string): ProcessEntry | undefined {
  const match = /^\s*(\d+)\s+(\d+)\s+(\d+)\s+(\S+)\s+(\S+\s+\S+\s+\S+\s+\S+\s+\S+)\s+(.+)$/.exec(line);
  if (!match) return undefined;
  const [, pid, parentPid, group, state = '', startTime = '', command = ''] = match;
  if (state.startsWith('Z')) return undefined;
  return {
    pid: Number(pid),
    parentPid: Number(parentPid),
    sessionId: Number(group),
    command: command.split('/').at(-1) ?? command,
    startTime,
  };
}
