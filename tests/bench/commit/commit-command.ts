import { relative } from 'node:path';
import type { Command } from 'commander';
import { newProgress } from '#bootstrap/progress.mjs';
import { jsonOption, printJson } from '#cli/options.js';
import { requirePgbench } from '../find-tools.js';
import { listOf } from '../list-of.js';
import type { Skew } from '../limit/order-script.js';
import { addRoundOptions, type RoundOptions } from '../order/order-options.js';
import { renderCommitReport } from '../report/commit-report.js';
import { saveResult } from '../report/results-folder.js';
import { benchCommits } from './commit-bench.js';
import { commitCases, type CommitCase } from './commit-result.js';

export interface CommitBenchOptions extends RoundOptions {
  readonly only: readonly CommitCase[];
  readonly skew: readonly Skew[];
}

const skews = ['spread', 'hot'] as const;

export function addCommitBench(program: Command): void {
  const command = program
    .command('commit')
    .description(
      'orders per second of each commit protocol, and what each order costs in messages and flushes',
    );
  addRoundOptions(command)
    .option('--only <list>', `which of ${commitCases.join(', ')}`, listOf(commitCases), [...commitCases])
    .option('--skew <list>', 'products at random (spread), or all the same (hot)', listOf(skews), [...skews])
    .addOption(jsonOption())
    .action(run);
}

async function run(options: CommitBenchOptions): Promise<void> {
  const progress = newProgress({ stream: process.stderr });
  const result = await benchCommits(options, requirePgbench(), progress);
  const path = saveResult('commit', result);
  if (options.json) printJson(result);
  else process.stdout.write(`\n${renderCommitReport(result)}\nWritten to ${relative(process.cwd(), path)}\n`);
}
