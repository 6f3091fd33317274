import type { BranchAction, BranchKey } from '#platform/participant/branch-handler.js';

export type BranchOutcome =
  | { outcome: 'done' }
  | { outcome: 'refused'; code: string }
  /** No answer: it may be done, or not, or be done later. */
  | { outcome: 'unknown' };

/** How one branch of an order is carried out, wherever its data is. A repeated call has one effect. */
export interface BranchCalls {
  /** Does the work, unless it was done, refused or undone before. `deadlineAtMs`: epoch milliseconds. */
  apply(key: BranchKey, action: BranchAction, deadlineAtMs: number): Promise<BranchOutcome>;
  /** Undoes the work, and sees to it that it is not done later. `code`: why. */
  cancel(key: BranchKey, action: BranchAction, code: string, deadlineAtMs: number): Promise<BranchOutcome>;
}
