import type { Branch } from '#generated/tristate/transaction/v1/transaction.js';
import type { Sql } from '../postgres/database.js';

/** What a branch asks for; `$case` names the action. */
export type BranchAction = NonNullable<Branch['action']>;
export type ActionName = BranchAction['$case'];

/** The service whose participant runs an action. */
export const actionOwner = {
  reserveStock: 'inventory',
  debitAccount: 'account',
  confirmOrder: 'order',
} as const satisfies Record<ActionName, string>;

/** Names one branch of one transaction; what the fence tables are keyed by. */
export interface BranchKey {
  /** A UUID. */
  readonly gid: string;
  readonly branch: number;
}

/**
 * What a participant remembers of a branch in its fence: repeated messages have one effect, and what was
 * cancelled before it came cannot run later.
 */
export type FenceState = { state: 'applied' } | { state: 'refused'; code: string } | { state: 'cancelled' };

export type ApplyResult =
  /** `fresh` is false when an earlier message had applied it. */
  { result: 'applied'; fresh: boolean } | { result: 'refused'; code: string };

/**
 * How a service runs one kind of branch. Each method is one statement that touches the data and the fence
 * together, so it is atomic wherever it runs: by itself (saga), under PREPARE TRANSACTION (2PC), or in the local
 * transaction of the monolith.
 */
export interface BranchHandler<Action extends BranchAction = BranchAction> {
  /** Does the work unless the fence says that it was done, refused or cancelled. */
  apply(sql: Sql, key: BranchKey, action: Action): Promise<ApplyResult>;
  /** Undoes the work if it was done, and remembers that it must never be done. `code`: why it was aborted. */
  cancel(sql: Sql, key: BranchKey, action: Action, code: string): Promise<void>;
  /** What the fence says; undefined when it has never heard of the branch. */
  find(sql: Sql, key: BranchKey): Promise<FenceState | undefined>;
  /** Called after a change became visible to others. It must not throw; nothing waits for it. */
  changed?(action: Action): void;
}

/** What a fence's memory means for a message that asks to apply the branch again. */
export function applyResultOf(fence: FenceState | undefined): ApplyResult {
  switch (fence?.state) {
    case 'applied':
      return { result: 'applied', fresh: false };
    case 'refused':
      return { result: 'refused', code: fence.code };
    case 'cancelled':
      return { result: 'refused', code: 'cancelled' };
    case undefined:
      // Another copy of the same message is running in a transaction that has not ended: ask again.
      throw new Error('The branch is being worked on');
  }
}
