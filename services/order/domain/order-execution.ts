import type { CommitProtocolName } from '#protocols/commit/catalogue.js';
import type { NewOrder, Order, PricedItem } from './orders.js';

/** A new order whose prices are known. */
export interface PricedOrder extends NewOrder {
  readonly items: readonly PricedItem[];
  readonly totalMinor: number;
}

export type ExecutionResult =
  | { outcome: 'committed' }
  | { outcome: 'rejected'; code: string }
  /** Not known in time: the work may be done, is being done, or will be. */
  | { outcome: 'unknown' }
  /** Nothing was done: too much is under way. */
  | { outcome: 'overloaded'; retryAfterMs: number }
  /** The account has used the idempotency key before; nothing was done. */
  | { outcome: 'duplicate' };

/**
 * How an order takes its items and its money: in one local transaction where everything is in one database, through the
 * coordinator where it is not, or in one local transaction after the other where there is no coordinator either.
 */
export interface OrderExecution {
  /** What the order's `protocol` will read when `asked` was asked for. */
  protocolOf(asked: CommitProtocolName): Order['protocol'];
  /** Records the order and executes it. `deadlineAtMs`: epoch milliseconds. */
  place(order: PricedOrder, deadlineAtMs: number): Promise<ExecutionResult>;
  /** Goes on with an order that was recorded before. */
  resume(order: Order, deadlineAtMs: number): Promise<ExecutionResult>;
}
