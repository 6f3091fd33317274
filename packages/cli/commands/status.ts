import type { Command } from 'commander';

import { inspectPlatform, nothingRuns, type PlatformStatus } from '../launcher/inspect-platform.js';
import { readRunRecord, type RunRecord } from '../launcher/run-record.js';
import { findStateFolder } from '../launcher/state-folder.js';
import { jsonOption, printJson, stateOption, type CommonOptions } from '../options.js';

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
  const found = record ? await inspectPlatform(state, record) : nothingRuns;
  const ready = record?.phase === 'ready' && found.processes.every(({ state: health }) => health === 'ready');
  if (json) printJson(found);
  else process.stdout.write(record ? table(found, record) : 'Nothing is running.\n');
  process.exitCode = ready ? 0 : 1;
}

function table({ processes, totalMemoryBytes }: PlatformStatus, { stage, url, phase }: RunRecord): string {
  const rows = processes.map(({ name, kind, pid, port, state, memoryBytes, role = '' }) => [
    name,
    kind,
    String(pid),
    port === null ? '' : String(port),
    state,
    megabytes(memoryBytes),
    role,
  ]);
  const lines = [
    ['name', 'kind', 'pid', 'port', 'state', 'memory', ''],
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
