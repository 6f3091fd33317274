const usPerMs = 1_000;

/**
 * A hybrid logical clock (Kulkarni et al., "Logical Physical Clocks", OPODIS 2014) in one number: microseconds since the
 * epoch, moved forward so that what happens after a message was received always has a later time than its sending.
 * Each reading is unique in its process, so that process and time name an event.
 */
export class HybridClock {
  private lastUs = 0;

  constructor(private readonly nowMs: () => number = () => performance.timeOrigin + performance.now()) {}

  /** The time of an event of this process. */
  tick(): number {
    this.lastUs = Math.max(this.lastUs + 1, Math.floor(this.nowMs() * usPerMs));
    return this.lastUs;
  }

  /** The time at which a message that was sent at `sentAtUs` is received. */
  receive(sentAtUs: number): number {
    this.lastUs = Math.max(this.lastUs, sentAtUs);
    return this.tick();
  }
}
