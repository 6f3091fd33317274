import { Command, CommanderError } from 'commander';
import { Failure } from '#cli/failure.js';
import { addOrderBench } from './order/order-command.js';
import { addDocs } from './report/docs-page.js';

/** The benchmarks' command line. The exit code is 1 for a failure, 2 for wrong usage. */
export async function main(args: readonly string[]): Promise<void> {
  const program = new Command('npm run bench --')
    .description('Measures the shop on this machine, over the loopback interface only.')
    .showHelpAfterError('(add --help for what there is)')
    .exitOverride();
  addOrderBench(program);
  addDocs(program);
  try {
    await program.parseAsync(args, { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError) {
      process.exitCode = error.exitCode === 0 ? 0 : 2;
      return;
    }
    const text =
      error instanceof Failure ? `\n${error.message}` : error instanceof Error ? error.stack : String(error);
    process.stderr.write(`${text}\n`);
    process.exitCode = 1;
  }
}
