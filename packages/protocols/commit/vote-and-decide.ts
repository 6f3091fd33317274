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
} from './messages.js';

/**
 * What two-phase commit and TCC have in common: all branches vote, the decision is logged, and all branches are told
 * it until they have answered. The protocols say which messages that are, and give the sources of the rules.
 */
export interface VotingRules {
  readonly vote: Phase;
  readonly commit: Phase;
  readonly abort: Phase;
  /** One after the other where a yes holds locks; all at once where it does not. */
  readonly votes: 'in-order' | 'all-at-once';
}

export interface VotingState {
  readonly phase: 'new' | 'voting' | 'committing' | 'aborting' | 'ended';
  /** Which branches have answered in this phase. */
  readonly answered: readonly boolean[];
  readonly code: AbortCode;
  /** Identifies the timers of this phase's current round of messages. */
  readonly round: number;
  readonly attempt: number;
  /** Any branch may have been asked before the restart: participants look for what they hold from attempt 2. */
  readonly recovered: boolean;
}

/** Longer than a participant's hiccup, and shorter than the 5 s for which a branch may hold what others wait for. */
export const voteTimeoutMs = 3_000;

/** After a restart some of those 5 s are gone. */
export const revoteTimeoutMs = 2_000;

/** The code of a transaction that was aborted because a vote was missing. */
export const missingVoteCode = 'participant-unavailable';

export function voteAndDecide(rules: VotingRules): CommitProtocol<VotingState> {
  return {
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
    step: (state, event) => new Voting(rules, state).step(event),
  };
}

/** One step. */
class Voting {
  constructor(
    private readonly rules: VotingRules,
    private readonly state: VotingState,
  ) {}

  step(event: Event): Step<VotingState> {
    const { state } = this;
    switch (event.type) {
      case 'begin':
        invariant(state.phase === 'new', 'a transaction begins once');
        return this.enter('voting', 1, [{ type: 'persist', record: { kind: 'begin' }, forced: false }]);
      case 'recover':
        return this.recover(event.records);
      case 'done':
        return this.done(event.branch, event.phase);
      case 'refused':
        if (state.phase !== 'voting' || event.phase !== this.rules.vote) return this.nothing();
        // The branch that said no has undone its part already (R*): it needs no abort.
        return this.abort(event.code, event.branch);
      case 'decided-alone':
        return this.nothing();
      case 'timer':
        return this.timer(event.timer, event.round);
      default:
        return assertNever(event);
    }
  }

  private nothing(): Step<VotingState> {
    return { state: this.state, effects: [] };
  }

  private done(branch: number, phase: Phase): Step<VotingState> {
    const { state } = this;
    if (state.phase === 'new' || state.phase === 'ended' || phase !== this.asks(state.phase)) {
      return this.nothing();
    }
    invariant(branch < state.answered.length, 'an answer comes from a branch of the transaction');
    const next = { ...state, answered: state.answered.with(branch, true) };
    if (next.answered.includes(false)) {
      const isNextVote = branch === state.answered.indexOf(false);
      if (state.phase !== 'voting' || this.rules.votes === 'all-at-once') return { state: next, effects: [] };
      return isNextVote ? this.ask({ ...next, attempt: state.recovered ? 2 : 1 }) : this.nothing();
    }
    return state.phase === 'voting' ? this.commit() : end(next);
  }

  private commit(): Step<VotingState> {
    return this.enter('committing', 1, [{ type: 'persist', record: { kind: 'commit' }, forced: true }]);
  }

  private abort(code: AbortCode, refuser?: number): Step<VotingState> {
    const record: Effect = {
      type: 'persist',
      record: { kind: 'abort', code },
      forced: refuser === undefined,
    };
    const step = new Voting(this.rules, { ...this.state, code }).enter('aborting', 1, [record], refuser);
    if (step.state.answered.includes(false)) return step;
    const ended = end(step.state);
    return { state: ended.state, effects: [record, ...ended.effects] };
  }

  private timer(name: Timer, round: number): Step<VotingState> {
    const { state } = this;
    if (name === 'timeout') {
      // The vote's deadline holds for the whole phase, however often the votes were asked for in it.
      return state.phase === 'voting' ? this.abort(missingVoteCode) : this.nothing();
    }
    return round === state.round ? this.ask({ ...state, attempt: state.attempt + 1 }) : this.nothing();
  }

  /** Sends what the phase is waiting for. */
  private ask(state: VotingState): Step<VotingState> {
    const next = { ...state, round: state.round + 1 };
    return { state: next, effects: this.messages(next) };
  }

  private enter(
    phase: 'voting' | 'committing' | 'aborting',
    attempt: number,
    before: readonly Effect[],
    alreadyAnswered?: number,
  ): Step<VotingState> {
    const answered = this.state.answered.map((_, branch) => branch === alreadyAnswered);
    const next = { ...this.state, phase, answered, round: this.state.round + 1, attempt };
    const delayMs = next.recovered ? revoteTimeoutMs : voteTimeoutMs;
    const deadline: Effect[] =
      phase === 'voting' ? [{ type: 'schedule', timer: 'timeout', round: next.round, delayMs }] : [];
    return { state: next, effects: [...before, ...this.messages(next), ...deadline] };
  }

  /** Asks the branches that have not answered in this phase. */
  private messages({ phase, answered, code, round, attempt }: VotingState): Effect[] {
    if (phase === 'new' || phase === 'ended') return [];
    const unanswered = answered.flatMap((isAnswered, branch) => (isAnswered ? [] : [branch]));
    const oneByOne = phase === 'voting' && this.rules.votes === 'in-order';
    const sends = (oneByOne ? unanswered.slice(0, 1) : unanswered).map((branch): Effect => ({
      type: 'send',
      branch,
      phase: this.asks(phase),
      attempt,
      code,
    }));
    return [...sends, { type: 'schedule', timer: 'retry', round, delayMs: retryDelayMs(attempt) }];
  }

  private asks(phase: 'voting' | 'committing' | 'aborting'): Phase {
    const { vote, commit, abort } = this.rules;
    return { voting: vote, committing: commit, aborting: abort }[phase];
  }

  private recover(records: readonly LogRecord[]): Step<VotingState> {
    if (records.some((record) => record.kind === 'commit')) return this.enter('committing', 2, []);
    const aborted = records.find((record) => record.kind === 'abort');
    if (aborted !== undefined) {
      return new Voting(this.rules, { ...this.state, code: aborted.code }).enter('aborting', 2, []);
    }
    // Presumed abort would allow to abort here. Voting again is as safe, since every yes vote is durable, and neither
    // a commit nor an abort that was not refused can have been sent; and it costs no order.
    return new Voting(this.rules, { ...this.state, recovered: true }).enter('voting', 2, []);
  }
}

function end(state: VotingState): Step<VotingState> {
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
