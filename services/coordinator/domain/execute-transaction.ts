import type { Transaction, TransactionRuntime } from '#platform/runtime/transaction-runtime.js';
import type { Outcome } from '#protocols/commit/messages.js';

/** Looks up how transactions ended. */
export interface Outcomes {
  outcomeOf(gid: string): Promise<Outcome | undefined>;
}

/**
 * Runs a transaction to its end, joins it when it is under way, or tells how it ended. `resumed`: it may have been
 * asked for before.
 */
export async function executeTransaction(
  runtime: TransactionRuntime,
  outcomes: Outcomes,
  transaction: Transaction,
  resumed: boolean,
): Promise<Outcome | 'overloaded'> {
  if (resumed && !runtime.isOpen(transaction.gid)) {
    const decided = await outcomes.outcomeOf(transaction.gid);
    if (decided !== undefined) return decided;
  }
  return runtime.execute(transaction);
}
