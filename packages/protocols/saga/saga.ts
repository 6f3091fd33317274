import { assertNever, invariant } from '../assert.js';
import {
  retryDelayMs,
  type AbortCode,
  type CommitProtocol,
  type Effect,
  type Event,
  type LogRecord,
  type Step,
} from '../commit/messages.js';

/**
 * Saga (Garcia-Molina and Salem, "Sagas", SIGMOD 1987): a sequence of local transactions T1 … Tn, each with a
 * compensation C1 … Cn. Either T1 … Tn run, or T1 … Tj and then Cj … C1 (section 1 of the paper).
 *
 * - The begin record is forced before T1 is asked for, since only the log knows that there is a saga.
 * - Steps need no records of their own: a participant that is asked again answers as it did before, so that
 *   recovery goes forward from T1.
 * - The decision to compensate is forced before the first C: a saga that has turned back never goes forward again.
 * - A step whose answer is missing is asked again for ever. Only a refusal turns the saga back.
 * - What cannot be compensated stands last, and its participant never refuses it: once everything before it has run,
 *   the saga only goes forward (the paper's forward recovery). A confirmed order is such a step.
 */
export interface SagaState {
  readonly branchCount: number;
  readonly progress: Progress;
  /** Identifies the message that is waited for, so that the timers of earlier ones mean nothing. */
  readonly round: number;
  readonly attempt: number;
}

type Progress =
  | { at: 'new' }
  | { at: 'applying'; branch: number }
  /** `remaining[0]` is being cancelled. */
  | { at: 'cancelling'; remaining: readonly number[]; code: AbortCode }
  | { at: 'ended' };

export const saga: CommitProtocol<SagaState> = {
  initial: (branchCount) => {
    invariant(branchCount > 0, 'a saga has at least one step');
    return { branchCount, progress: { at: 'new' }, round: 0, attempt: 0 };
  },
  step,
};

function step(state: SagaState, event: Event): Step<SagaState> {
  switch (event.type) {
    case 'begin':
      invariant(state.progress.at === 'new', 'a saga begins once');
      return ask(state, { at: 'applying', branch: 0 }, [
        { type: 'persist', record: { kind: 'begin' }, forced: true },
      ]);
    case 'recover':
      return recover(state, event.records);
    case 'done':
      return done(state, event.branch, event.phase);
    case 'refused':
      return refused(state, event.branch, event.phase, event.code);
    case 'decided-alone':
      return { state, effects: [] };
    case 'timer':
      if (event.timer !== 'retry' || event.round !== state.round) return { state, effects: [] };
      return repeat(state);
    default:
      return assertNever(event);
  }
}

function done(state: SagaState, branch: number, phase: string): Step<SagaState> {
  const { progress } = state;
  if (progress.at === 'applying' && phase === 'apply' && branch === progress.branch) {
    if (branch + 1 === state.branchCount) return end(state, { outcome: 'committed' });
    return ask(state, { at: 'applying', branch: branch + 1 }, []);
  }
  if (progress.at === 'cancelling' && phase === 'cancel' && branch === progress.remaining[0]) {
    return cancelNext(state, progress.remaining.slice(1), progress.code, []);
  }
  return { state, effects: [] };
}

function refused(state: SagaState, branch: number, phase: string, code: AbortCode): Step<SagaState> {
  const { progress } = state;
  if (progress.at !== 'applying' || phase !== 'apply' || branch !== progress.branch)
    return { state, effects: [] };
  const turnBack: Effect = { type: 'persist', record: { kind: 'abort', code }, forced: true };
  return cancelNext(state, cancellationOrder(state.branchCount, branch), code, [turnBack]);
}

/**
 * The steps that ran, in reverse order (Cj … C1), and then those that never ran, so that a late message cannot
 * run them after all. The step that refused has remembered its refusal.
 */
function cancellationOrder(branchCount: number, refusedBranch: number): number[] {
  const ran = Array.from({ length: refusedBranch }, (_, i) => refusedBranch - 1 - i);
  const neverRan = Array.from({ length: branchCount - refusedBranch - 1 }, (_, i) => refusedBranch + 1 + i);
  return [...ran, ...neverRan];
}

function cancelNext(
  state: SagaState,
  remaining: readonly number[],
  code: AbortCode,
  before: readonly Effect[],
): Step<SagaState> {
  if (remaining.length === 0) {
    const ended = end(state, { outcome: 'aborted', code });
    return { state: ended.state, effects: [...before, ...ended.effects] };
  }
  return ask(state, { at: 'cancelling', remaining, code }, before);
}

/** Sends the first message of `progress`. */
function ask(state: SagaState, progress: Progress, before: readonly Effect[]): Step<SagaState> {
  const next = { ...state, progress, round: state.round + 1, attempt: 1 };
  return { state: next, effects: [...before, ...message(next)] };
}

function repeat(state: SagaState): Step<SagaState> {
  const next = { ...state, round: state.round + 1, attempt: state.attempt + 1 };
  return { state: next, effects: message(next) };
}

function message({ progress, round, attempt }: SagaState): Effect[] {
  const retry: Effect = { type: 'schedule', timer: 'retry', round, delayMs: retryDelayMs(attempt) };
  switch (progress.at) {
    case 'applying':
      return [{ type: 'send', branch: progress.branch, phase: 'apply', attempt, code: '' }, retry];
    case 'cancelling': {
      const [branch] = progress.remaining;
      invariant(branch !== undefined, 'a saga that cancels has something to cancel');
      return [{ type: 'send', branch, phase: 'cancel', attempt, code: progress.code }, retry];
    }
    case 'new':
    case 'ended':
      return [];
    default:
      return assertNever(progress);
  }
}

/** The end record is not forced: without it, recovery asks for the last steps again, and they answer as before. */
function end(state: SagaState, outcome: Extract<Effect, { type: 'reply' }>['outcome']): Step<SagaState> {
  return {
    state: { ...state, progress: { at: 'ended' } },
    effects: [
      { type: 'persist', record: { kind: 'end' }, forced: false },
      { type: 'reply', outcome },
      { type: 'forget' },
    ],
  };
}

function recover(state: SagaState, records: readonly LogRecord[]): Step<SagaState> {
  invariant(records[0]?.kind === 'begin', 'the log of a saga starts with its begin record');
  const abort = records.find((record) => record.kind === 'abort');
  const recovering = { ...state, round: state.round + 1, attempt: 2 };
  if (abort === undefined) {
    const next: SagaState = { ...recovering, progress: { at: 'applying', branch: 0 } };
    return { state: next, effects: message(next) };
  }
  // Which step refused is not in the log. All are cancelled, last first: cancelling what never ran is harmless.
  const remaining = Array.from({ length: state.branchCount }, (_, i) => state.branchCount - 1 - i);
  const next: SagaState = { ...recovering, progress: { at: 'cancelling', remaining, code: abort.code } };
  return { state: next, effects: message(next) };
}
