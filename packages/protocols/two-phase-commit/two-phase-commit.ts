import { assertNever, invariant } from '../assert.js';
import {
  retryDelayMs,
  type AbortCode,
  type CommitProtocol,
  type Effect,
  type Event,
  type LogRecord,
  type Phase,
  type Step,
} from '../commit/messages.js';

/**
 * Two-phase commit with presumed abort (Gray 1978, section 5.8.3.3; Mohan, Lindsay and Obermarck, "Transaction
 * Management in the R* Distributed Database Management System", TODS 1986).
 *
 * - A yes vote is durable at the participant (PREPARE TRANSACTION).
 * - Phase 1 asks the branches one after the other, in the order in which every transaction has them. A branch that
 *   said yes holds its locks, so two transactions that took the same locks in different orders would wait for each
 *   other until a timeout: the circle is made impossible (Havender, "Avoiding Deadlock in Multitasking Systems",
 *   IBM Systems Journal 1968). Phase 2 takes no locks and asks all at once.
 * - The commit record is forced before any commit is sent: it is the decision.
 * - Begin and end records are not forced, nor is the abort record of a transaction that a branch has refused: without
 *   them nothing can have been committed (presumed abort), and who refused refuses again.
 * - A branch that does not vote within `voteTimeoutMs` counts as a no: the over-cautious abort of 2PC. Nobody else
 *   remembers it, so its record is forced: recovery would vote again, all might say yes, and an abort that is still
 *   under way from before would then undo one branch of a committed transaction.
 * - The decision is sent again for ever. Until it arrives, a branch that voted yes holds its locks.
 */
export interface TwoPhaseCommitState {
  readonly phase: 'new' | 'voting' | 'committing' | 'aborting' | 'ended';
  /** Which branches have answered in this phase. */
  readonly answered: readonly boolean[];
  readonly code: AbortCode;
  /** Identifies the timers of this phase's current round of messages. */
  readonly round: number;
  readonly attempt: number;
  /** Any branch may have been asked before the restart: participants look for what they have prepared from attempt 2. */
  readonly recovered: boolean;
}

/** Longer than a participant takes to restart, so that only one that stays away costs an order. */
export const voteTimeoutMs = 5_000;

/** The code of a transaction that was aborted because a vote was missing. */
export const missingVoteCode = 'participant-unavailable';

export const twoPhaseCommit: CommitProtocol<TwoPhaseCommitState> = {
  initial: (branchCount) => {
    invariant(branchCount > 0, 'a transaction has at least one branch');
    return {
      phase: 'new',
      answered: Array<boolean>(branchCount).fill(false),
      code: '',
      round: 0,
      attempt: 0,
      recovered: false,
    };
  },
  step,
};

function step(state: TwoPhaseCommitState, event: Event): Step<TwoPhaseCommitState> {
  switch (event.type) {
    case 'begin':
      invariant(state.phase === 'new', 'a transaction begins once');
      return enter(state, 'voting', 1, [{ type: 'persist', record: { kind: 'begin' }, forced: false }]);
    case 'recover':
      return recover(state, event.records);
    case 'done':
      return done(state, event.branch, event.phase);
    case 'refused':
      if (state.phase !== 'voting' || event.phase !== 'prepare') return { state, effects: [] };
      // The branch that said no has undone its part already (R*): it needs no abort.
      return abort(state, event.code, event.branch);
    case 'timer':
      return timer(state, event.timer, event.round);
    default:
      return assertNever(event);
  }
}

/** The message of each phase. */
const asks: Record<'voting' | 'committing' | 'aborting', Phase> = {
  voting: 'prepare',
  committing: 'commit',
  aborting: 'abort',
};

function done(state: TwoPhaseCommitState, branch: number, phase: Phase): Step<TwoPhaseCommitState> {
  if (state.phase === 'new' || state.phase === 'ended' || phase !== asks[state.phase]) {
    return { state, effects: [] };
  }
  const next = answer(state, branch);
  if (state.phase !== 'voting')
    return next.answered.includes(false) ? { state: next, effects: [] } : end(next);
  // A vote that was counted before.
  if (branch !== state.answered.indexOf(false)) return { state, effects: [] };
  if (next.answered.includes(false)) return ask({ ...next, attempt: state.recovered ? 2 : 1 });
  return enter(next, 'committing', 1, [{ type: 'persist', record: { kind: 'commit' }, forced: true }]);
}

function timer(
  state: TwoPhaseCommitState,
  name: 'retry' | 'timeout',
  round: number,
): Step<TwoPhaseCommitState> {
  if (name === 'timeout') {
    // The vote's deadline holds for the whole phase, however often prepare was repeated in it.
    return state.phase === 'voting' ? abort(state, missingVoteCode) : { state, effects: [] };
  }
  if (round !== state.round) return { state, effects: [] };
  return ask({ ...state, attempt: state.attempt + 1 });
}

/** Sends what the phase is waiting for. */
function ask(state: TwoPhaseCommitState): Step<TwoPhaseCommitState> {
  const next = { ...state, round: state.round + 1 };
  return { state: next, effects: messages(next) };
}

function abort(state: TwoPhaseCommitState, code: AbortCode, refuser?: number): Step<TwoPhaseCommitState> {
  const record: Effect = { type: 'persist', record: { kind: 'abort', code }, forced: refuser === undefined };
  const step = enter({ ...state, code }, 'aborting', 1, [record], refuser);
  return step.state.answered.includes(false) ? step : joined([record], end(step.state));
}

function answer(state: TwoPhaseCommitState, branch: number): TwoPhaseCommitState {
  invariant(branch < state.answered.length, 'an answer comes from a branch of the transaction');
  return { ...state, answered: state.answered.with(branch, true) };
}

function enter(
  state: TwoPhaseCommitState,
  phase: 'voting' | 'committing' | 'aborting',
  attempt: number,
  before: readonly Effect[],
  alreadyAnswered?: number,
): Step<TwoPhaseCommitState> {
  const answered = state.answered.map((_, branch) => branch === alreadyAnswered);
  const next = { ...state, phase, answered, round: state.round + 1, attempt };
  const deadline: Effect[] =
    phase === 'voting'
      ? [{ type: 'schedule', timer: 'timeout', round: next.round, delayMs: voteTimeoutMs }]
      : [];
  return { state: next, effects: [...before, ...messages(next), ...deadline] };
}

/** Asks the branches that have not answered in this phase: the first of them to vote, all of them to finish. */
function messages({ phase, answered, code, round, attempt }: TwoPhaseCommitState): Effect[] {
  if (phase === 'new' || phase === 'ended') return [];
  const unanswered = answered.flatMap((isAnswered, branch) => (isAnswered ? [] : [branch]));
  const asked = phase === 'voting' ? unanswered.slice(0, 1) : unanswered;
  const sends = asked.map((branch): Effect => ({ type: 'send', branch, phase: asks[phase], attempt, code }));
  return [...sends, { type: 'schedule', timer: 'retry', round, delayMs: retryDelayMs(attempt) }];
}

function joined(before: readonly Effect[], step: Step<TwoPhaseCommitState>): Step<TwoPhaseCommitState> {
  return { state: step.state, effects: [...before, ...step.effects] };
}

function end(state: TwoPhaseCommitState): Step<TwoPhaseCommitState> {
  return {
    state: { ...state, phase: 'ended' },
    effects: [
      { type: 'persist', record: { kind: 'end' }, forced: false },
      {
        type: 'reply',
        outcome:
          state.phase === 'committing' ? { outcome: 'committed' } : { outcome: 'aborted', code: state.code },
      },
      { type: 'forget' },
    ],
  };
}

function recover(state: TwoPhaseCommitState, records: readonly LogRecord[]): Step<TwoPhaseCommitState> {
  if (records.some((record) => record.kind === 'commit')) return enter(state, 'committing', 2, []);
  const aborted = records.find((record) => record.kind === 'abort');
  if (aborted !== undefined) return enter({ ...state, code: aborted.code }, 'aborting', 2, []);
  // Presumed abort would allow to abort here. Voting again is as safe, since every yes vote is durable, and neither
  // a commit nor an abort that was not refused can have been sent; and it costs no order.
  return enter({ ...state, recovered: true }, 'voting', 2, []);
}
