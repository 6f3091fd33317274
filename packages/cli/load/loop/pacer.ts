/** Node's timers are exact to a millisecond; what is left is slept through in steps, between which answers are taken. */
const timerStepMs = 2;
const napMs = 0.2;

/** Time in milliseconds from the begin of the measured part; the warm-up lies before 0. */
export class Pacer {
  private readonly nobodyWakes = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  private timer: NodeJS.Timeout | undefined;
  private step: NodeJS.Immediate | undefined;

  constructor(private readonly beginMs: number) {}

  now(): number {
    return performance.now() - this.beginMs;
  }

  /** Wakes once, at the time or a little later; takes the place of what was asked before. */
  wakeAt(timeMs: number, wake: () => void): void {
    this.stop();
    const leftMs = timeMs - this.now();
    if (leftMs >= timerStepMs)
      this.timer = setTimeout(() => this.wakeAt(timeMs, wake), Math.floor(leftMs) - 1);
    else this.step = setImmediate(() => this.nap(timeMs, wake));
  }

  stop(): void {
    clearTimeout(this.timer);
    clearImmediate(this.step);
  }

  private nap(timeMs: number, wake: () => void): void {
    const leftMs = timeMs - this.now();
    if (leftMs > 0) Atomics.wait(this.nobodyWakes, 0, 0, Math.min(leftMs, napMs));
    if (this.now() >= timeMs) wake();
    else this.step = setImmediate(() => this.nap(timeMs, wake));
  }
}
