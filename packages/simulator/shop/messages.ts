import type { AbortCode, Phase } from '#protocols/commit/messages.js';

/** From a coordinator to a participant. `redo` repairs a branch of a transaction that has diverged. */
export interface BranchMessage {
  readonly gid: number;
  readonly branch: number;
  readonly phase: Phase | 'redo';
  readonly attempt: number;
  readonly code: AbortCode;
  readonly term: number;
}

/** From a participant to a coordinator. The last two come unasked. */
export type BranchReply = {
  readonly gid: number;
  readonly branch: number;
  readonly phase: Phase | 'redo';
} & (
  | { readonly type: 'done' }
  | { readonly type: 'refused'; readonly code: AbortCode }
  /** Not acted upon: its sender's term is over. */
  | { readonly type: 'old-term' }
  | { readonly type: 'in-doubt' }
  | { readonly type: 'decided-alone'; readonly outcome: 'committed' | 'aborted' }
);
