import { CommanderError, type Command } from 'commander';
import { Failure } from '#cli/failure.js';

/** Runs a command line of the tests. The exit code is 1 for a failure, 2 for wrong usage. */
export async function runProgram(program: Command, args: readonly string[]): Promise<void> {
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
