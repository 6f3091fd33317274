import { assertNever } from '../assert.js';
import type { AbortCode, CommitProtocol, Effect, Event, Step } from '../commit/messages.js';

/**
 * No protocol: the services are called one after the other, as a first version does it, and nothing is logged,
 * repeated or undone. It is the broken baseline that the protocols repair, so its two mistakes are deliberate:
 *
 * - a refusal stops the sequence and leaves what ran before it in place;
 * - a missing answer is taken for a failure, though the work may have been done: the third state folded into
 *   the second.
 */
export interface NoneState {
  readonly branchCount: number;
  /** The branch whose answer is waited for. */
  readonly branch: number;
}

export const answerTimeoutMs = 1_000;

export const none: CommitProtocol<NoneState> = {
  initial: (branchCount) => ({ branchCount, branch: -1 }),
  step,
};

function step(state: NoneState, event: Event): Step<NoneState> {
  switch (event.type) {
    case 'begin':
      return call({ ...state, branch: 0 });
    case 'done':
      if (event.phase !== 'apply' || event.branch !== state.branch) return { state, effects: [] };
      if (state.branch + 1 < state.branchCount) return call({ ...state, branch: state.branch + 1 });
      return { state, effects: [{ type: 'reply', outcome: { outcome: 'committed' } }, { type: 'forget' }] };
    case 'refused':
      if (event.phase !== 'apply' || event.branch !== state.branch) return { state, effects: [] };
      return giveUp(state, event.code);
    case 'timer':
      return event.round === state.branch ? giveUp(state, 'participant-unavailable') : { state, effects: [] };
    case 'decided-alone':
      return { state, effects: [] };
    case 'recover':
      return { state, effects: [{ type: 'forget' }] };
    default:
      return assertNever(event);
  }
}

function call(state: NoneState): Step<NoneState> {
  return {
    state,
    effects: [
      { type: 'send', branch: state.branch, phase: 'apply', attempt: 1, code: '' },
      { type: 'schedule', timer: 'timeout', round: state.branch, delayMs: answerTimeoutMs },
    ],
  };
}

/** Tells the last branch, which is the order, that it has failed, and undoes nothing. */
function giveUp(state: NoneState, code: AbortCode): Step<NoneState> {
  const refuse: Effect = { type: 'send', branch: state.branchCount - 1, phase: 'cancel', attempt: 1, code };
  return {
    state,
    effects: [refuse, { type: 'reply', outcome: { outcome: 'aborted', code } }, { type: 'forget' }],
  };
}
