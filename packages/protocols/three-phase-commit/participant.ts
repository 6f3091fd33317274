import { assertNever } from '../assert.js';
import type { AbortCode } from '../commit/messages.js';

/**
 * A participant of three-phase commit (Skeen, "Nonblocking Commit Protocols", SIGMOD 1981): unlike one of two-phase
 * commit, it never waits for ever. When the coordinator is silent it goes on by itself, the same way that Skeen's
 * time-out transitions go: from `waiting` to aborted, from `pre-committed` to committed.
 *
 * - `waiting` is left by pre-commit, which is sent when all have voted yes: until then nobody can have committed, so
 *   it is safe to abort.
 * - `pre-committed` says that all have voted yes: nobody is told to abort any more, so it is safe to commit.
 * - Both hold only while silence means that the coordinator is gone. In a partition one participant may be in
 *   `waiting` and another in `pre-committed`, and they decide differently: Skeen's protocol assumes a network that
 *   does not lose messages and a detector that is always right. A participant remembers that it decided alone, so
 *   that the coordinator learns of it.
 *
 * Pure: the caller makes each state durable before it gives the answer.
 */
export type ParticipantState =
  /** Never heard of it, or heard nothing that has to be remembered. */
  | { readonly at: 'unknown' }
  /** Voted yes: the work is done, its locks are held. */
  | { readonly at: 'waiting' }
  | { readonly at: 'pre-committed' }
  | { readonly at: 'committed'; readonly alone: boolean }
  /** `code`: why, and what a message that comes too late is refused with. */
  | { readonly at: 'aborted'; readonly alone: boolean; readonly code: AbortCode };

export type ParticipantEvent =
  /** `refusal`: why the work cannot be done; undefined when it can. It counts in the state `unknown` only. */
  | { readonly type: 'can-commit'; readonly refusal: AbortCode | undefined }
  | { readonly type: 'pre-commit' }
  | { readonly type: 'do-commit' }
  | { readonly type: 'abort'; readonly code: AbortCode }
  /** The state has lasted for as long as `silenceMs` says, and nobody has asked for anything else. */
  | { readonly type: 'silence' };

export type ParticipantAnswer =
  | { readonly result: 'done' }
  | { readonly result: 'refused'; readonly code: AbortCode }
  /** Told to the coordinator unasked. */
  | { readonly result: 'decided-alone'; readonly outcome: 'committed' | 'aborted' }
  /** No answer: the message cannot be, or needs none. */
  | { readonly result: 'silent' };

export interface Decision {
  readonly state: ParticipantState;
  readonly answer: ParticipantAnswer;
}

/** A do-commit to who has aborted by itself is refused with this code: the transaction has diverged. */
export const abortedAloneCode = 'aborted-alone';
/** An abort to who has committed by itself. A coordinator that logged its pre-commit record never sends one. */
export const committedAloneCode = 'committed-alone';
/** Refuses a vote that is asked for after the abort, as the fence does. */
const cancelledCode = 'cancelled';

/**
 * How long `waiting` lasts at most: longer than the vote of all (2 s) and the pre-commit message after it, or a slow
 * vote would end in two decisions.
 */
export const waitingTimeoutMs = 3_000;
/**
 * How long `pre-committed` lasts at most: longer than the coordinator's wait for acknowledgements (1 s) and its
 * do-commit. With the votes before it (2 s) it stays below 5 s, the longest that locks may be held.
 */
export const preCommittedTimeoutMs = 2_000;

/** How long the coordinator may be silent in this state; undefined when the participant needs nothing of it. */
export function silenceMs({ at }: ParticipantState): number | undefined {
  if (at === 'waiting') return waitingTimeoutMs;
  return at === 'pre-committed' ? preCommittedTimeoutMs : undefined;
}

export function decide(state: ParticipantState, event: ParticipantEvent): Decision {
  switch (event.type) {
    case 'can-commit':
      return canCommit(state, event.refusal);
    case 'pre-commit':
      return preCommit(state);
    case 'do-commit':
      return doCommit(state);
    case 'abort':
      return abort(state, event.code);
    case 'silence':
      return silence(state);
    default:
      return assertNever(event);
  }
}

const done: ParticipantAnswer = { result: 'done' };
const silent: ParticipantAnswer = { result: 'silent' };

function refused(code: AbortCode): ParticipantAnswer {
  return { result: 'refused', code };
}

/** Votes. A repetition is answered as before. */
function canCommit(state: ParticipantState, refusal: AbortCode | undefined): Decision {
  switch (state.at) {
    case 'unknown':
      return refusal === undefined
        ? { state: { at: 'waiting' }, answer: done }
        : { state: { at: 'aborted', alone: false, code: refusal }, answer: refused(refusal) };
    case 'waiting':
    case 'pre-committed':
    case 'committed':
      return { state, answer: done };
    case 'aborted':
      return { state, answer: refused(state.code) };
    default:
      return assertNever(state);
  }
}

function preCommit(state: ParticipantState): Decision {
  switch (state.at) {
    case 'waiting':
      return { state: { at: 'pre-committed' }, answer: done };
    case 'pre-committed':
    case 'committed':
      return { state, answer: done };
    case 'aborted':
      // Who voted no, or was told to abort, is never asked to pre-commit.
      return { state, answer: state.alone ? refused(abortedAloneCode) : silent };
    case 'unknown':
      return { state, answer: silent };
    default:
      return assertNever(state);
  }
}

function doCommit(state: ParticipantState): Decision {
  switch (state.at) {
    case 'waiting':
    case 'pre-committed':
      // From `waiting` too: the pre-commit was lost, but it was logged, since nothing else leads to do-commit.
      return { state: { at: 'committed', alone: false }, answer: done };
    case 'committed':
      return { state, answer: done };
    case 'aborted':
      return { state, answer: state.alone ? refused(abortedAloneCode) : silent };
    case 'unknown':
      return { state, answer: silent };
    default:
      return assertNever(state);
  }
}

function abort(state: ParticipantState, code: AbortCode): Decision {
  switch (state.at) {
    case 'unknown':
      // Remembered, so that a vote that is asked for later is refused.
      return { state: { at: 'aborted', alone: false, code: cancelledCode }, answer: done };
    case 'waiting':
      return { state: { at: 'aborted', alone: false, code }, answer: done };
    case 'pre-committed':
      // Cannot be: the record of pre-commit forbids to abort. Others may have committed; so will this one.
      return { state, answer: silent };
    case 'committed':
      return { state, answer: state.alone ? refused(committedAloneCode) : silent };
    case 'aborted':
      return { state, answer: done };
    default:
      return assertNever(state);
  }
}

/** Skeen's time-out transitions. */
function silence(state: ParticipantState): Decision {
  switch (state.at) {
    case 'waiting':
      return {
        state: { at: 'aborted', alone: true, code: abortedAloneCode },
        answer: { result: 'decided-alone', outcome: 'aborted' },
      };
    case 'pre-committed':
      return {
        state: { at: 'committed', alone: true },
        answer: { result: 'decided-alone', outcome: 'committed' },
      };
    case 'unknown':
    case 'committed':
    case 'aborted':
      return { state, answer: silent };
    default:
      return assertNever(state);
  }
}
