/**
 * Bounds how much of one kind is under way at once. By Little's law (Operations Research 9(3), 1961) what is under way is the
 * rate times the time that each takes: so a bound on the first is a bound on the time that is spent waiting, whatever the rate
 * that callers ask for, and needs no clock.
 */
export class Gate {
  private count = 0;

  /**
   * @param bound may change from one moment to the next
   * @param refuses whether the bound is in force; what is under way is counted anyway
   */
  constructor(
    private readonly bound: () => number,
    private readonly refuses: () => boolean,
  ) {}

  get most(): number {
    return this.bound();
  }

  get underWay(): number {
    return this.count;
  }

  get isFull(): boolean {
    return this.count >= this.most && this.refuses();
  }

  enter(): void {
    this.count += 1;
  }

  leave(): void {
    this.count -= 1;
  }
}
