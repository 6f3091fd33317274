import type { FenceState } from './branch-handler.js';

/** Why a message was not acted upon. The coordinator keeps asking: it is neither a success nor a failure. */
export type InvalidCode =
  | 'old-term'
  | 'invalid-message'
  /** A decision for a branch that was never prepared or tried here. */
  | 'unknown-transaction'
  /** The other decision was carried out here; a correct coordinator never sends both. */
  | 'contradiction';

/** `did` names a change that is durable now, for the trace. */
export type Answer =
  | { readonly type: 'done'; readonly did?: string }
  | { readonly type: 'refused'; readonly code: string; readonly did?: string }
  | { readonly type: 'invalid'; readonly code: InvalidCode };

/** A yes that changed nothing. */
export const doneBefore: Answer = { type: 'done' };

export const invalid = (code: InvalidCode): Answer => ({ type: 'invalid', code });

export const done = (did: string, fresh: boolean): Answer => (fresh ? { type: 'done', did } : doneBefore);

/** The fence does not say what a decision wanted it to say. */
export function contradicted(fence: FenceState | undefined): Answer {
  return invalid(fence === undefined ? 'unknown-transaction' : 'contradiction');
}
