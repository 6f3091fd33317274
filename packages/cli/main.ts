import { Command, CommanderError } from 'commander';

import { addBalance } from './commands/balance.js';
import { addConsistency } from './commands/consistency.js';
import { addDatabase } from './commands/database.js';
import { addDown } from './commands/down.js';
import { addDrill } from './commands/drill.js';
import { addFault } from './commands/fault.js';
import { addLab } from './commands/lab.js';
import { addLoad } from './commands/load.js';
import { addMembers } from './commands/members.js';
import { addOrder } from './commands/order.js';
import { addSettings } from './commands/settings.js';
import { addStages } from './commands/stages.js';
import { addStatus } from './commands/status.js';
import { addTransaction } from './commands/transaction.js';
import { addUp } from './commands/up.js';
import { addVerify } from './commands/verify.js';
import { Failure } from './failure.js';

/** Runs a command line, `tristate` itself left out, and sets the exit code: 1 failure, 2 wrong usage. */
export async function main(args: readonly string[]): Promise<void> {
  try {
    await newProgram().parseAsync(args, { from: 'user' });
  } catch (error) {
    process.exitCode = report(error, args.includes('--json'));
  }
}

export function newProgram(): Command {
  const program = new Command('tristate')
    .description('A shop that shows what every remote call can end in: success, failure, timeout.')
    .showHelpAfterError('(add --help for what there is)')
    .exitOverride();
  const commands = [
    addUp,
    addDown,
    addStatus,
    addStages,
    addOrder,
    addLoad,
    addFault,
    addSettings,
    addDatabase,
    addMembers,
    addVerify,
    addTransaction,
    addDrill,
    addLab,
    addConsistency,
    addBalance,
  ];
  for (const add of commands) add(program);
  return program;
}

function report(error: unknown, json: boolean): number {
  // Commander has printed its message already.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  const message = error instanceof Error ? error.message : String(error);
  if (json) process.stdout.write(`${JSON.stringify({ error: message })}\n`);
  else if (error instanceof Failure) process.stderr.write(`\n${message}\n`);
  else process.stderr.write(`${error instanceof Error ? (error.stack ?? message) : message}\n`);
  return 1;
}
