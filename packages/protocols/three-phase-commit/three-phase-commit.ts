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
  type Timer,
} from '../commit/messages.js';
import { missingVoteCode } from '../commit/vote-and-decide.js';
import { abortedAloneCode, committedAloneCode } from './participant.js';

/**
 * The coordinator of three-phase commit (Skeen, "Nonblocking Commit Protocols", SIGMOD 1981). Between the votes and
 * the commit stands a phase in which everybody learns that all have voted yes, so that no participant is in doubt
 * while another may have committed: none of them has to wait for a coordinator that is gone (participant.ts).
 *
 * - Phase 1 asks for votes one after the other, as 2PC does and for the same reason: a yes holds locks.
 * - The pre-commit record is forced before any pre-commit is sent. It is the decision: a participant that has heard
 *   of it may commit by itself. The coordinator aborts nothing after it, and the commit needs no record of its own.
 * - A participant that does not acknowledge pre-commit within `preCommitTimeoutMs` does not stop the others: the
 *   coordinator goes on to do-commit (van Steen and Tanenbaum, "Distributed Systems", the coordinator in PRECOMMIT),
 *   since the silent one has voted yes, and learns the outcome when it is back.
 * - Recovery follows the log: with a pre-commit record the transaction is committed, without one it is aborted.
 *   Voting again, as 2PC does, would be wrong: a participant in doubt may have aborted by itself meanwhile.
 * - So the begin record is forced: a coordinator that forgot the transaction would vote again. The abort record of a
 *   vote is not: without it recovery aborts as well (presumed abort). That of recovery is: only the leader decides.
 * - A branch that aborted by itself although the others commit (it was cut off, or the coordinator was paused) says so
 *   when it is asked next. The transaction has diverged: it is told at once, and logged before the end, for somebody
 *   to repair it. Where all have aborted by themselves, since nobody has heard of pre-commit in time, nothing has
 *   diverged: the transaction is aborted.
 */
export interface ThreePhaseCommitState {
  readonly phase: 'new' | 'voting' | 'pre-committing' | 'committing' | 'aborting' | 'ended';
  /** Which branches have answered in this phase. */
  readonly answered: readonly boolean[];
  /** Branches that have aborted by themselves although pre-commit was logged; they are not asked again. */
  readonly abortedAlone: readonly number[];
  /** Some branch has heard of pre-commit, so it has committed or will. */
  readonly acknowledged: boolean;
  readonly code: AbortCode;
  /** Identifies the timers of this phase's current round of messages. */
  readonly round: number;
  /** The round in which this phase's deadline was set. */
  readonly deadlineRound: number;
  readonly attempt: number;
}

type Asking = Exclude<ThreePhaseCommitState['phase'], 'new' | 'ended'>;

/** A participant that voted first waits for 3 s before it aborts by itself: pre-commit must reach it before. */
export const voteTimeoutMs = 2_000;
/** How long acknowledgements of pre-commit are waited for. */
export const preCommitTimeoutMs = 1_000;
/** Without growing pauses: whoever was cut off, and has aborted by itself, is found out within 1 s of its return. */
export const doCommitRetryMs = 500;
/** The code of a transaction that was open, and not pre-committed, when its coordinator stopped. */
export const restartedCode = 'coordinator-restarted';

export const threePhaseCommit: CommitProtocol<ThreePhaseCommitState> = {
  initial: (branchCount) => {
    invariant(branchCount > 0, 'a transaction has at least one branch');
    return {
      phase: 'new',
      answered: Array<boolean>(branchCount).fill(false),
      abortedAlone: [],
      acknowledged: false,
      code: '',
      round: 0,
      deadlineRound: 0,
      attempt: 0,
    };
  },
  step,
};

/** The message of each phase. */
const asks: Record<Asking, Phase> = {
  voting: 'can-commit',
  'pre-committing': 'pre-commit',
  committing: 'do-commit',
  aborting: 'abort',
};

function step(state: ThreePhaseCommitState, event: Event): Step<ThreePhaseCommitState> {
  switch (event.type) {
    case 'begin':
      invariant(state.phase === 'new', 'a transaction begins once');
      return enter(state, 'voting', 1, [persist({ kind: 'begin' }, true)]);
    case 'recover':
      return recover(state, event.records);
    case 'done':
      return state.phase !== 'new' && state.phase !== 'ended' && event.phase === asks[state.phase]
        ? done(state, event.branch)
        : nothing(state);
    case 'refused':
      return refused(state, event.branch, event.phase, event.code);
    case 'decided-alone':
      return decidedAlone(state, event.branch, event.outcome);
    case 'timer':
      return timer(state, event.timer, event.round);
    default:
      return assertNever(event);
  }
}

function nothing(state: ThreePhaseCommitState): Step<ThreePhaseCommitState> {
  return { state, effects: [] };
}

function persist(record: LogRecord, forced: boolean): Effect {
  return { type: 'persist', record, forced };
}

/** An answer to what this phase asks. */
function done(state: ThreePhaseCommitState, branch: number): Step<ThreePhaseCommitState> {
  switch (state.phase) {
    case 'voting':
      // Else it is a vote that was counted before.
      return branch === state.answered.indexOf(false) ? answered(state, branch, []) : nothing(state);
    case 'pre-committing':
    case 'committing':
      return acknowledge(state, branch);
    default:
      return answered(state, branch, []);
  }
}

/** The first branch that goes forward makes a divergence of those that have not. */
function acknowledge(state: ThreePhaseCommitState, branch: number): Step<ThreePhaseCommitState> {
  const { acknowledged, abortedAlone } = state;
  // It did not: its answer was on its way when it aborted by itself.
  if (abortedAlone.includes(branch)) return nothing(state);
  return answered({ ...state, acknowledged: true }, branch, acknowledged ? [] : tellDivergence(abortedAlone));
}

function tellDivergence(branches: readonly number[]): Effect[] {
  return branches.length === 0 ? [] : [{ type: 'diverged', branches }];
}

function answered(
  state: ThreePhaseCommitState,
  branch: number,
  before: readonly Effect[],
): Step<ThreePhaseCommitState> {
  invariant(branch < state.answered.length, 'an answer comes from a branch of the transaction');
  const next = { ...state, answered: state.answered.with(branch, true) };
  if (next.answered.includes(false)) {
    return next.phase === 'voting' ? ask({ ...next, attempt: 1 }) : { state: next, effects: before };
  }
  switch (next.phase) {
    case 'voting':
      return enter(next, 'pre-committing', 1, [persist({ kind: 'pre-commit' }, true)]);
    case 'pre-committing':
      return doCommit(next, before);
    default:
      return joined(before, end(next));
  }
}

/** Skeen's rule for the coordinator that has pre-committed: from here it only goes forward. */
function doCommit(state: ThreePhaseCommitState, before: readonly Effect[]): Step<ThreePhaseCommitState> {
  const step = enter(state, 'committing', 1, before);
  // All have aborted by themselves: there is nobody left to tell.
  return step.state.answered.includes(false) ? step : joined(before, end(step.state));
}

function refused(
  state: ThreePhaseCommitState,
  branch: number,
  phase: Phase,
  code: AbortCode,
): Step<ThreePhaseCommitState> {
  switch (state.phase) {
    case 'voting':
      return phase === 'can-commit' ? abort(state, code, branch) : nothing(state);
    case 'pre-committing':
    case 'committing':
      return code === abortedAloneCode && (phase === 'pre-commit' || phase === 'do-commit')
        ? abortedAlone(state, branch)
        : nothing(state);
    case 'aborting':
      invariant(code !== committedAloneCode, neverCommitted);
      return nothing(state);
    case 'new':
    case 'ended':
      return nothing(state);
    default:
      return assertNever(state.phase);
  }
}

function decidedAlone(
  state: ThreePhaseCommitState,
  branch: number,
  outcome: 'committed' | 'aborted',
): Step<ThreePhaseCommitState> {
  switch (state.phase) {
    case 'voting':
      // Its yes is void.
      return outcome === 'aborted' ? abort(state, abortedAloneCode) : nothing(state);
    case 'pre-committing':
    case 'committing':
      return outcome === 'aborted' ? abortedAlone(state, branch) : acknowledge(state, branch);
    case 'aborting':
      // It is asked to abort all the same, since it must learn the code.
      invariant(outcome === 'aborted', neverCommitted);
      return nothing(state);
    case 'new':
    case 'ended':
      return nothing(state);
    default:
      return assertNever(state.phase);
  }
}

/** An abort is logged while nobody has been asked to pre-commit, or when all have aborted by themselves. */
const neverCommitted = 'no branch commits what the coordinator has aborted';

/** A branch has ended the other way than the decision. It has answered for this phase and the next. */
function abortedAlone(state: ThreePhaseCommitState, branch: number): Step<ThreePhaseCommitState> {
  if (state.abortedAlone.includes(branch)) return nothing(state);
  const branches = [...state.abortedAlone, branch].sort((one, other) => one - other);
  return answered(
    { ...state, abortedAlone: branches },
    branch,
    state.acknowledged ? tellDivergence(branches) : [],
  );
}

function timer(state: ThreePhaseCommitState, name: Timer, round: number): Step<ThreePhaseCommitState> {
  if (name === 'retry') {
    return round === state.round ? ask({ ...state, attempt: state.attempt + 1 }) : nothing(state);
  }
  // A deadline holds for its whole phase, however often the phase's message was repeated in it, and for no other.
  if (round !== state.deadlineRound) return nothing(state);
  if (state.phase === 'voting') return abort(state, missingVoteCode);
  return state.phase === 'pre-committing' ? doCommit(state, []) : nothing(state);
}

/** Sends what the phase is waiting for. */
function ask(state: ThreePhaseCommitState): Step<ThreePhaseCommitState> {
  const next = { ...state, round: state.round + 1 };
  return { state: next, effects: messages(next) };
}

function abort(state: ThreePhaseCommitState, code: AbortCode, refuser?: number): Step<ThreePhaseCommitState> {
  const record = persist({ kind: 'abort', code }, false);
  const step = enter({ ...state, code }, 'aborting', 1, [record], refuser);
  return step.state.answered.includes(false) ? step : joined([record], end(step.state));
}

/** @param alreadyAnswered beside the branches that have aborted by themselves */
function enter(
  state: ThreePhaseCommitState,
  phase: Asking,
  attempt: number,
  before: readonly Effect[],
  alreadyAnswered?: number,
): Step<ThreePhaseCommitState> {
  const round = state.round + 1;
  const answered = state.answered.map(
    (_, branch) => branch === alreadyAnswered || state.abortedAlone.includes(branch),
  );
  const next = { ...state, phase, answered, round, deadlineRound: round, attempt };
  return { state: next, effects: [...before, ...messages(next), ...deadline(next)] };
}

function deadline({ phase, round }: ThreePhaseCommitState): Effect[] {
  if (phase === 'voting') return [{ type: 'schedule', timer: 'timeout', round, delayMs: voteTimeoutMs }];
  if (phase !== 'pre-committing') return [];
  return [{ type: 'schedule', timer: 'timeout', round, delayMs: preCommitTimeoutMs }];
}

/** Asks the branches that have not answered in this phase: the first of them to vote, all of them from then on. */
function messages({ phase, answered, code, round, attempt }: ThreePhaseCommitState): Effect[] {
  if (phase === 'new' || phase === 'ended') return [];
  const unanswered = answered.flatMap((isAnswered, branch) => (isAnswered ? [] : [branch]));
  const asked = phase === 'voting' ? unanswered.slice(0, 1) : unanswered;
  const sends = asked.map((branch): Effect => ({ type: 'send', branch, phase: asks[phase], attempt, code }));
  const delayMs = phase === 'committing' ? doCommitRetryMs : retryDelayMs(attempt);
  return [...sends, { type: 'schedule', timer: 'retry', round, delayMs }];
}

function joined(before: readonly Effect[], step: Step<ThreePhaseCommitState>): Step<ThreePhaseCommitState> {
  return { state: step.state, effects: [...before, ...step.effects] };
}

function end(state: ThreePhaseCommitState): Step<ThreePhaseCommitState> {
  const { abortedAlone, answered } = state;
  const allAbortedAlone = abortedAlone.length === answered.length;
  const code = allAbortedAlone ? abortedAloneCode : state.code;
  return {
    state: { ...state, phase: 'ended', code },
    effects: [
      ...lastRecords(state, allAbortedAlone),
      persist({ kind: 'end' }, false),
      {
        type: 'reply',
        outcome:
          state.phase === 'aborting' || allAbortedAlone
            ? { outcome: 'aborted', code }
            : { outcome: 'committed' },
      },
      { type: 'forget' },
    ],
  };
}

/** A divergence is forced before the end record: what has ended is not looked at again. */
function lastRecords({ abortedAlone }: ThreePhaseCommitState, allAbortedAlone: boolean): Effect[] {
  if (abortedAlone.length === 0) return [];
  // Without it, recovery asks again and gets the same answers.
  if (allAbortedAlone) return [persist({ kind: 'abort', code: abortedAloneCode }, false)];
  return [persist({ kind: 'diverged', branches: abortedAlone }, true)];
}

function recover(state: ThreePhaseCommitState, records: readonly LogRecord[]): Step<ThreePhaseCommitState> {
  const aborted = records.find((record) => record.kind === 'abort');
  if (aborted !== undefined) return enter({ ...state, code: aborted.code }, 'aborting', 2, []);
  if (records.some((record) => record.kind === 'pre-commit')) {
    const diverged = records.find((record) => record.kind === 'diverged')?.branches ?? [];
    const known = { ...state, abortedAlone: diverged, acknowledged: diverged.length > 0 };
    return enter(known, 'committing', 2, tellDivergence(diverged));
  }
  // Forced, unlike the abort of a vote: a coordinator whose term ended before it recovered, since it was paused in its
  // takeover, finds transactions that its successor has begun. It can log nothing, so it must not tell anybody to abort.
  const record = persist({ kind: 'abort', code: restartedCode }, true);
  return enter({ ...state, code: restartedCode }, 'aborting', 2, [record]);
}
