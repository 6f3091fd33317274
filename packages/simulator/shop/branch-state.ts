import type { AbortCode } from '#protocols/commit/messages.js';

/** How far a branch has come at its participant; the first is what nobody has heard of. */
export const branchStates = ['untouched', 'prepared', 'tried', 'applied', 'refused', 'cancelled'] as const;
export type BranchState = (typeof branchStates)[number];

export type BranchAnswer = { type: 'done' } | { type: 'refused'; code: AbortCode };

export const done: BranchAnswer = { type: 'done' };

/** Hears of what participants do, and checks the laws. */
export interface Watch {
  branchChanged(branch: number, gid: number, from: BranchState, to: BranchState): void;
  /** A cancel or an abort is about to be acknowledged. */
  undoneAnswered(branch: number, gid: number): void;
  termUsed(branch: number, term: number, known: number): void;
}
