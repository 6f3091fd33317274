import { relative } from 'node:path';
import type { Command } from 'commander';
import { newProgress } from '#bootstrap/progress.mjs';
import { printJson } from '#cli/options.js';
import { requirePgbench, requireWrk } from '../find-tools.js';
import { renderOrderReport } from '../report/order-report.js';
import { profileOrders } from '../profile/profile-bench.js';
import { renderProfileReport } from '../report/profile-report.js';
import { saveResult } from '../report/results-folder.js';
import { benchOrders, coordinatedStage, warmUpClients } from './order-bench.js';
import { addOrderOptions, type OrderBenchOptions } from './order-options.js';

export function addOrderBench(program: Command): void {
  const command = program
    .command('order')
    .description('orders and product reads per second, each as a ratio to a limit measured beside it');
  addOrderOptions(command).action(run);
}

async function run(options: OrderBenchOptions): Promise<void> {
  const progress = newProgress({ stream: process.stderr });
  if (options.profile) {
    const { seconds, warmUp: warmUpSeconds } = options;
    const plan = {
      name: 'saga',
      stage: coordinatedStage,
      clients: warmUpClients,
      warmUpSeconds,
      seconds,
    } as const;
    const profile = await profileOrders(plan, requirePgbench(), progress);
    print('order-profile', profile, renderProfileReport, options);
    return;
  }
  const tools = { pgbench: requirePgbench(), wrk: requireWrk() };
  print('order', await benchOrders(options, tools, progress), renderOrderReport, options);
}

function print<Result>(
  name: string,
  result: Result,
  render: (result: Result) => string,
  { json }: OrderBenchOptions,
): void {
  const path = saveResult(name, result);
  if (json) printJson(result);
  else process.stdout.write(`\n${render(result)}\nWritten to ${relative(process.cwd(), path)}\n`);
}
