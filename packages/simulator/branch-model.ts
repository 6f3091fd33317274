import { assertNever } from '#protocols/assert.js';
import type { AbortCode, Phase } from '#protocols/commit/messages.js';

/** `prepared` holds locks and waits for the decision; the last three are final, except that saga undoes `applied`. */
export type BranchState = 'untouched' | 'prepared' | 'applied' | 'refused' | 'cancelled';

export type BranchAnswer = { type: 'done' } | { type: 'refused'; code: AbortCode };

const done: BranchAnswer = { type: 'done' };

/**
 * A participant's branch with its fence, as packages/platform/participant runs it on PostgreSQL: repeated messages
 * have one effect, a cancel that arrives before its apply is remembered, and what it cannot know it does not
 * answer. Everything in it is durable.
 */
export class BranchModel {
  state: BranchState = 'untouched';
  /** How often the work was done, less how often it was undone: 0 or 1, or the fence has failed. */
  effects = 0;

  /** @param refusal why the work is refused when it is asked for; undefined when it is done. */
  constructor(protected readonly refusal: AbortCode | undefined) {}

  /** Undefined: it stays silent, and is asked again. */
  handle(phase: Phase, attempt: number): BranchAnswer | undefined {
    switch (phase) {
      case 'apply':
        return this.apply();
      case 'cancel':
        return this.cancel();
      case 'prepare':
        return this.prepare(attempt);
      case 'commit':
        return this.commit();
      case 'abort':
        return this.abort();
      default:
        return assertNever(phase);
    }
  }

  protected apply(): BranchAnswer | undefined {
    if (this.state === 'untouched') this.work('applied');
    return this.remembered();
  }

  protected cancel(): BranchAnswer | undefined {
    // The fence row of a prepared transaction is locked: the cancel would wait for the decision.
    if (this.state === 'prepared') return undefined;
    if (this.state === 'applied') this.effects -= 1;
    if (this.state !== 'refused') this.state = 'cancelled';
    return done;
  }

  protected prepare(attempt: number): BranchAnswer | undefined {
    // Only a repetition looks for what an earlier attempt has prepared; a first attempt would wait for its locks.
    if (this.state === 'prepared') return attempt > 1 ? done : undefined;
    if (this.state !== 'untouched') return this.remembered();
    this.work('prepared');
    return this.refusal === undefined ? done : this.remembered();
  }

  protected commit(): BranchAnswer | undefined {
    if (this.state === 'prepared') this.state = 'applied';
    return this.state === 'applied' ? done : undefined;
  }

  protected abort(): BranchAnswer | undefined {
    if (this.state === 'prepared') {
      this.effects -= 1;
      this.state = 'cancelled';
    }
    return this.cancel();
  }

  protected work(then: 'applied' | 'prepared'): void {
    if (this.refusal === undefined) this.effects += 1;
    this.state = this.refusal === undefined ? then : 'refused';
  }

  /** The answer to a message that asks for the work again. */
  protected remembered(): BranchAnswer | undefined {
    switch (this.state) {
      case 'applied':
        return done;
      case 'refused':
        return { type: 'refused', code: this.refusal ?? 'cancelled' };
      case 'cancelled':
        return { type: 'refused', code: 'cancelled' };
      case 'prepared':
      case 'untouched':
        return undefined;
      default:
        return assertNever(this.state);
    }
  }
}
