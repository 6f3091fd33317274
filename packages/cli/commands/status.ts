import type { Command } from 'commander';

import { treeMemoryBytes } from '../launcher/memory.js';
import { findProcess, listProcesses, isAlive, type ProcessEntry } from '../launcher/process-table.js';
import { answersOk, postgresAnswers, redisAnswers } from '../launcher/readiness.js';
import { readRunRecord, type RunRecord, type RunningProcess } from '../launcher/run-record.js';
import { findStateFolder } from '../launcher/state-folder.js';
import { jsonOption, printJson, stateOption, type CommonOptions } from '../options.js';

interface ProcessStatus {
  readonly name: string;
  readonly kind: string;
  readonly pid: number;
  readonly port: number | null;
  readonly state: 'ready' | 'unready' | 'dead';
  readonly memoryBytes: number;
}

interface PlatformStatus {
  readonly stage: number | null;
  readonly url: string | null;
  readonly processes: readonly ProcessStatus[];
  readonly totalMemoryBytes: number;
}

export function addStatus(program: Command): void {
  program
    .command('status')
    .description('show every process, its health and its memory; exit 0 when all are ready')
    .addOption(stateOption())
    .addOption(jsonOption())
    .action(status);
}

async function status({ state: path, json }: CommonOptions): Promise<void> {
  const state = findStateFolder(path);
  const record = state && readRunRecord(state);
  const found = record
    ? await inspect(record)
    : { stage: null, url: null, processes: [], totalMemoryBytes: 0 };
  const ready = record?.phase === 'ready' && found.processes.every(({ state: health }) => health === 'ready');
  if (json) printJson(found);
  else process.stdout.write(record ? table(found, record) : 'Nothing is running.\n');
  process.exitCode = ready ? 0 : 1;
}

async function inspect(record: RunRecord): Promise<PlatformStatus> {
  const all = listProcesses();
  const processes = await Promise.all(record.processes.map((running) => inspectProcess(running, all)));
  const { launcher } = record;
  const own: ProcessStatus = {
    name: 'launcher',
    kind: 'launcher',
    pid: launcher.pid,
    port: null,
    state: isAlive(launcher) ? 'ready' : 'dead',
    memoryBytes: isAlive(launcher)
      ? treeMemoryBytes(launcher.pid, [findProcess(launcher.pid) ?? []].flat())
      : 0,
  };
  const listed = [...processes, own];
  const totalMemoryBytes = listed.reduce((sum, { memoryBytes }) => sum + memoryBytes, 0);
  return { stage: record.stage, url: record.url, processes: listed, totalMemoryBytes };
}

async function inspectProcess(running: RunningProcess, all: readonly ProcessEntry[]): Promise<ProcessStatus> {
  const { name, kind, pid, port } = running;
  if (!isAlive(running)) return { name, kind, pid, port, state: 'dead', memoryBytes: 0 };
  const state = (await isReady(running)) ? 'ready' : 'unready';
  return { name, kind, pid, port, state, memoryBytes: treeMemoryBytes(pid, all) };
}

function isReady({ kind, port }: RunningProcess): Promise<boolean> {
  switch (kind) {
    case 'postgres':
      return postgresAnswers(port);
    case 'redis':
      return redisAnswers(port);
    case 'nginx':
      return answersOk(port, '/healthz');
    case 'service':
      return answersOk(port, '/readyz');
  }
}

function table({ processes, totalMemoryBytes }: PlatformStatus, { stage, url, phase }: RunRecord): string {
  const rows = processes.map(({ name, kind, pid, port, state, memoryBytes }) => [
    name,
    kind,
    String(pid),
    port === null ? '' : String(port),
    state,
    megabytes(memoryBytes),
  ]);
  const lines = [
    ['name', 'kind', 'pid', 'port', 'state', 'memory'],
    ...rows,
    ['', '', '', '', 'sum', megabytes(totalMemoryBytes)],
  ];
  const widths = (lines[0] ?? []).map((_, column) =>
    Math.max(...lines.map((line) => line[column]?.length ?? 0)),
  );
  const text = lines.map((line) =>
    line
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  return `Stage ${stage} at ${url}, ${phase}\n\n${text.join('\n')}\n`;
}

function megabytes(bytes: number): string {
  return `${(bytes / 1024 / 1024).toFixed(1)} MiB`;
}
