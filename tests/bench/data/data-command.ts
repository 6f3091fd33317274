import { relative } from 'node:path';
import type { Command } from 'commander';
import { newProgress } from '#bootstrap/progress.mjs';
import { jsonOption, printJson } from '#cli/options.js';
import { requirePgbench } from '../find-tools.js';
import { listOf } from '../list-of.js';
import { addTimeOptions, type TimeOptions } from '../order/order-options.js';
import { renderDataReport } from '../report/data-report.js';
import { saveResult } from '../report/results-folder.js';
import { benchData } from './data-bench.js';

export const dataParts = ['reads', 'cache', 'synchronous'] as const;

export interface DataBenchOptions extends TimeOptions {
  readonly only: readonly (typeof dataParts)[number][];
}

export function addDataBench(program: Command): void {
  const command = program
    .command('data')
    .description(
      'reads from replicas, hits of the cache, and the cost of synchronous replication, as ratios',
    );
  addTimeOptions(command)
    .option('--only <list>', `which of ${dataParts.join(', ')}`, listOf(dataParts), [...dataParts])
    .addOption(jsonOption())
    .action(run);
}

async function run(options: DataBenchOptions): Promise<void> {
  const progress = newProgress({ stream: process.stderr });
  const result = await benchData(options, requirePgbench(), progress);
  const path = saveResult('data', result);
  if (options.json) printJson(result);
  else process.stdout.write(`\n${renderDataReport(result)}\nWritten to ${relative(process.cwd(), path)}\n`);
}
