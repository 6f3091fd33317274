import { Command } from 'commander';
import { addCommitBench } from './commit/commit-command.js';
import { addDataBench } from './data/data-command.js';
import { addLoadTesterBench } from './load-tester/load-tester-command.js';
import { addOrderBench } from './order/order-command.js';
import { addPatroniBench } from './patroni/patroni-command.js';
import { addDocs } from './report/docs-page.js';
import { runProgram } from '../run-program.js';

/** The benchmarks' command line. The exit code is 1 for a failure, 2 for wrong usage. */
export async function main(args: readonly string[]): Promise<void> {
  const program = new Command('npm run bench --')
    .description('Measures the shop on this machine, over the loopback interface only.')
    .showHelpAfterError('(add --help for what there is)')
    .exitOverride();
  addOrderBench(program);
  addCommitBench(program);
  addDataBench(program);
  addLoadTesterBench(program);
  addPatroniBench(program);
  addDocs(program);
  await runProgram(program, args);
}
