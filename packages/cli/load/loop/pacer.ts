/** Time in milliseconds from the begin of the measured part; the warm-up lies before 0. */
export class Pacer {
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly beginMs: number) {}

  now(): number {
    return performance.now() - this.beginMs;
  }

  /** Wakes once, at the time or a little later; takes the place of what was asked before. */
  wakeAt(timeMs: number, wake: () => void): void {
    clearTimeout(this.timer);
    const leftMs = timeMs - this.now();
    this.timer = setTimeout(wake, Math.max(0, Math.floor(leftMs)));
  }

  stop(): void {
    clearTimeout(this.timer);
  }
}
