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
 * cancelled before it came cannot run later. `tried` and `confirmed` are TCC's.
 */
export type FenceState =
  | { state: 'applied' }
  | { state: 'tried' }
  | { state: 'confirmed' }
  | { state: 'refused'; code: string }
  | { state: 'cancelled' };

export type ApplyResult =
  /** `fresh` is false when an earlier message had done it. */
  { result: 'applied'; fresh: boolean } | { result: 'refused'; code: string };

/** What the fence says after a decision; undefined when it has never heard of the branch. */
export interface Change {
  readonly fence: FenceState | undefined;
  /** False when nothing was changed by this message. */
  readonly fresh: boolean;
}

/**
 * How a service runs one kind of branch. Each change is one statement that touches the data and the fence together,
 * so it is atomic wherever it runs: by itself (saga, TCC), under PREPARE TRANSACTION (2PC, 3PC), or in the local
 * transaction of the monolith. Decisions read from the books what there is to confirm or to undo.
 */
export interface BranchHandler<Action extends BranchAction = BranchAction> {
  /** Where the service's tables are. */
  readonly schema: string;
  /** The table of what was tried and is not decided, with gid, branch and at; undefined when a try keeps nothing. */
  readonly reservations?: string;
  /** Does the work unless the fence says that it was done, refused or cancelled. */
  apply(sql: Sql, key: BranchKey, action: Action): Promise<ApplyResult>;
  /** Reserves what the work needs, under the same conditions. */
  try(sql: Sql, key: BranchKey, action: Action): Promise<ApplyResult>;
  /** Does the work with what was reserved. */
  confirm(sql: Sql, key: BranchKey): Promise<Change>;
  /** Undoes what apply or try did, and remembers that it must never be done. `code`: why it was aborted. */
  cancel(sql: Sql, key: BranchKey, code: string): Promise<Change>;
  /** Remembers that the work must never be done, unless something has been done already. */
  forbid(sql: Sql, key: BranchKey, code: string): Promise<Change>;
  /** Does the work although the branch was aborted by 3PC's participant alone. */
  redo(sql: Sql, key: BranchKey, action: Action): Promise<ApplyResult>;
  /** What the fence says; undefined when it has never heard of the branch. */
  find(sql: Sql, key: BranchKey): Promise<FenceState | undefined>;
  /** Called after a change became visible to others. It must not throw; nothing waits for it. */
  changed?(action: Action): void;
}

/** What a fence's memory means for a message that asks for the work again. */
export function applyResultOf(fence: FenceState | undefined): ApplyResult {
  switch (fence?.state) {
    case 'applied':
    case 'tried':
    case 'confirmed':
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
