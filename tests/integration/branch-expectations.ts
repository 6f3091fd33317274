import type { ParticipantPhase } from '#platform/participant/valid-message.js';
import { assertNever } from '#protocols/assert.js';
import { decide, type ParticipantState } from '#protocols/three-phase-commit/participant.js';

/** What a participant's branch has to answer, and how often its work shows afterwards. */
export interface ExpectedBranch {
  readonly effects: number;
  /** How often what TCC reserves shows. */
  readonly reserved: number;
  answer(step: Step): string;
}

export interface Step {
  /** `silence`: the coordinator says nothing for so long that a participant of 3PC goes on alone. */
  readonly phase: ParticipantPhase | 'silence';
  readonly attempt: number;
}

type State = 'untouched' | 'prepared' | 'applied' | 'tried' | 'confirmed' | 'refused' | 'cancelled';

/** Saga, TCC and 2PC: the fence of docs/participants.md. */
export class FencedBranch implements ExpectedBranch {
  private state: State = 'untouched';

  /**
   * @param refusal why the work is refused; undefined when it is done
   * @param isOrder the order's own row is its fence: a try leaves nothing there, and CONFIRMED is final
   */
  constructor(
    private readonly refusal: string | undefined,
    private readonly isOrder: boolean,
  ) {}

  get effects(): number {
    return this.state === 'applied' || this.state === 'confirmed' ? 1 : 0;
  }

  get reserved(): number {
    return this.state === 'tried' ? 1 : 0;
  }

  answer({ phase }: Step): string {
    switch (phase) {
      case 'apply':
        return this.take('applied');
      case 'try':
        return this.take('tried');
      case 'prepare':
        return this.take('prepared');
      case 'confirm':
        if (this.isOrder && this.state === 'untouched') this.state = 'tried';
        return this.decide(['tried'], 'confirmed', ['confirmed', 'applied']);
      case 'commit':
        return this.decide(['prepared'], 'applied', ['applied']);
      case 'cancel':
        return this.decide(this.isOrder ? ['untouched'] : ['untouched', 'applied', 'tried'], 'cancelled', [
          'cancelled',
          'refused',
        ]);
      case 'abort':
        return this.decide(['untouched', 'prepared'], 'cancelled', ['cancelled', 'refused']);
      default:
        throw new Error(`${phase} is none of these protocols'`);
    }
  }

  private take(then: 'applied' | 'tried' | 'prepared'): string {
    if (this.state === 'untouched') {
      if (this.refusal !== undefined) this.state = 'refused';
      else if (!this.isOrder || then !== 'tried') this.state = then;
    }
    if (this.state === 'refused') return this.refusal ?? 'cancelled';
    return this.state === 'cancelled' ? 'cancelled' : 'done';
  }

  private decide(from: State[], to: State, already: State[]): string {
    if (from.includes(this.state)) this.state = to;
    if (this.state === to || already.includes(this.state)) return 'done';
    return this.state === 'untouched' ? 'unknown-transaction' : 'contradiction';
  }
}

/** 3PC: the pure participant itself. */
export class ThreePhaseBranch implements ExpectedBranch {
  readonly reserved = 0;
  private state: ParticipantState = { at: 'unknown' };

  constructor(
    private readonly refusal: string | undefined,
    private readonly isOrder: boolean,
  ) {}

  get effects(): number {
    return this.state.at === 'committed' ? 1 : 0;
  }

  answer({ phase }: Step): string {
    const before = this.state;
    const { state, answer } = decide(before, this.eventOf(phase));
    this.state = this.orderRemembers(state);
    switch (answer.result) {
      case 'done':
        return 'done';
      case 'refused':
        return before.at === 'aborted' && phase === 'can-commit' ? this.memory(before) : answer.code;
      case 'decided-alone':
        return answer.outcome;
      case 'silent':
        if (phase === 'silence') return 'silent';
        return before.at === 'unknown' ? 'unknown-transaction' : 'contradiction';
      default:
        return assertNever(answer);
    }
  }

  private eventOf(phase: Step['phase']): Parameters<typeof decide>[1] {
    switch (phase) {
      case 'can-commit':
        return { type: phase, refusal: this.refusal };
      case 'pre-commit':
      case 'do-commit':
      case 'silence':
        return { type: phase };
      case 'abort':
        return { type: phase, code: 'aborted-by-test' };
      default:
        throw new Error(`${phase} is not of 3PC`);
    }
  }

  /** The fence knows only that a branch was aborted, not why; the marker knows who aborted alone. */
  private memory(state: Extract<ParticipantState, { at: 'aborted' }>): string {
    return state.code === 'aborted-by-test' ? 'cancelled' : state.code;
  }

  private orderRemembers(state: ParticipantState): ParticipantState {
    return this.isOrder && state.at === 'aborted' && !state.alone ? { ...state, code: 'cancelled' } : state;
  }
}
