import { relative } from 'node:path';
import type { Command } from 'commander';
import { newProgress } from '#bootstrap/progress.mjs';
import { jsonOption, printJson, wholeNumber } from '#cli/options.js';
import { requireWrk } from '../find-tools.js';
import { renderLoadTesterReport } from '../report/load-tester-report.js';
import { saveResult } from '../report/results-folder.js';
import { benchLoadTester } from './load-tester-bench.js';

export interface LoadTesterOptions {
  readonly rounds: number;
  readonly seconds: number;
  readonly rates: readonly number[];
  readonly json?: true;
}

const defaultRates = [1_000, 10_000, 20_000];
const mostRate = 100_000;

export function addLoadTesterBench(program: Command): void {
  program
    .command('load')
    .description('the load tester itself: its highest rate beside that of wrk, and how well it keeps a rate')
    .option('--rounds <number>', 'how often each is measured', wholeNumber(1, 100), 3)
    .option('--seconds <number>', 'how long each time', wholeNumber(1, 120), 8)
    .option(
      '--rates <numbers...>',
      'requests per second of the open loop',
      (text: string, former: readonly number[] = []) => [...former, wholeNumber(1, mostRate)(text)],
    )
    .addOption(jsonOption())
    .action(run);
}

async function run({ rates = defaultRates, ...options }: LoadTesterOptions): Promise<void> {
  const progress = newProgress({ stream: process.stderr });
  const result = await benchLoadTester({ ...options, rates }, requireWrk(), progress);
  const path = saveResult('load', result);
  if (options.json) printJson(result);
  else
    process.stdout.write(
      `\n${renderLoadTesterReport(result)}\nWritten to ${relative(process.cwd(), path)}\n`,
    );
}
