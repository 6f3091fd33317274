import type { Random } from '../kernel/random.js';
import type { SimulatedServer } from './server.js';

interface Letter {
  readonly atMs: number;
  readonly open: () => void;
}

/**
 * Statements on their way to servers, and answers on their way back. A statement that reaches a paused server is executed
 * when the server goes on, however long ago whoever sent it has given up.
 */
export class Mail {
  private letters: Letter[] = [];

  constructor(
    private readonly random: Random,
    private readonly nowMs: () => number,
  ) {}

  /** @param execute at the server; undefined when the connection broke. @param answer what the sender is told */
  ask<Answer>(
    server: SimulatedServer,
    isCut: () => boolean,
    execute: () => Answer | undefined,
    answer: (answer: Answer | undefined) => void,
  ): void {
    const incarnation = server.startedAtMs;
    const arrive = (): void => {
      if (isCut() || !server.isUp || server.startedAtMs !== incarnation) return answer(undefined);
      if (server.isPaused) return this.later(20, arrive);
      const result = execute();
      this.later(this.delayMs(), () => answer(isCut() ? undefined : result));
    };
    this.later(this.delayMs(), arrive);
  }

  later(delayMs: number, open: () => void): void {
    this.letters.push({ atMs: this.nowMs() + delayMs, open });
  }

  deliver(): void {
    const due = this.letters.filter(({ atMs }) => atMs <= this.nowMs());
    this.letters = this.letters.filter(({ atMs }) => atMs > this.nowMs());
    for (const { open } of due) open();
  }

  /** Fast as a rule; now and then a statement is held up. */
  private delayMs(): number {
    if (this.random.chance(0.02)) return this.random.between(100, 1_500);
    return this.random.between(1, 15);
  }
}
