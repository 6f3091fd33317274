import type { CommitProtocolName } from '#protocols/commit/catalogue.js';

/** What an order takes from one row of a participant: so many of a product, or so much of an account. */
export interface Portion {
  readonly row: number;
  readonly amount: number;
}

/** The branches of an order, in this order; each has a participant of its own. */
export const branchNames = ['inventory', 'account', 'order'] as const;
export const branchCount = branchNames.length;
export const orderBranch = 2;

/** One execution of an order. Its gid is its place in the list of all transactions. */
export interface Transaction {
  readonly gid: number;
  /** The customer's idempotency key: it pays once. */
  readonly key: number;
  readonly protocol: CommitProtocolName;
  /** What each branch takes; at the order's own branch each order has a row to itself. */
  readonly portions: readonly (readonly Portion[])[];
}
