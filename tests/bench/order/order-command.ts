import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { newProgress } from '#bootstrap/progress.mjs';
import { printJson } from '#cli/options.js';
import { repositoryRoot } from '#cli/repository.js';
import { requirePgbench, requireWrk } from '../find-tools.js';
import { renderOrderReport } from '../report/order-report.js';
import { benchOrders } from './order-bench.js';
import { addOrderOptions, type OrderBenchOptions } from './order-options.js';

export const resultsFolder = join(repositoryRoot, 'bench/results');

export function addOrderBench(program: Command): void {
  const command = program
    .command('order')
    .description('orders and product reads per second, each as a ratio to a limit measured beside it');
  addOrderOptions(command).action(run);
}

async function run(options: OrderBenchOptions): Promise<void> {
  const progress = newProgress({ stream: process.stderr });
  const tools = { pgbench: requirePgbench(), wrk: requireWrk() };
  const result = await benchOrders(options, tools, progress);
  const path = saveResult('order', result);
  if (options.json) printJson(result);
  else process.stdout.write(`\n${renderOrderReport(result)}\nWritten to ${path}\n`);
}

function saveResult(name: string, result: unknown): string {
  mkdirSync(resultsFolder, { recursive: true });
  const path = join(resultsFolder, `${name}.json`);
  writeFileSync(path, `${JSON.stringify(result, null, 2)}\n`);
  return path;
}
