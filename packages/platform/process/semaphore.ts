import { Problem } from '../errors/problem.js';

/**
 * Lets at most `permits` pieces of work run at once; the others wait in the order in which they came.
 *
 * @throws Problem `overloaded` when `mostWaiting` wait already
 */
export class Semaphore {
  private readonly waiting: (() => void)[] = [];

  constructor(
    private permits: number,
    private readonly mostWaiting = Number.POSITIVE_INFINITY,
  ) {}

  async use<T>(work: () => Promise<T>): Promise<T> {
    if (this.permits > 0) this.permits -= 1;
    else if (this.waiting.length >= this.mostWaiting) throw new Problem('overloaded');
    else await new Promise<void>((resolve) => this.waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = this.waiting.shift();
      if (next === undefined) this.permits += 1;
      else next();
    }
  }
}
