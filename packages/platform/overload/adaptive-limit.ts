interface AdaptiveLimitOptions {
  /** It never goes beyond. */
  readonly most: number;
  /** It never goes below. */
  readonly least: number;
  /** What work may take on average. */
  readonly targetMs: number;
}

/** A mean of fewer says nothing. */
const leastSamples = 8;
/** What is late for a shorter time was a burst: its queue goes away by itself. */
const windowMs = 500;
/** How fast a limit grows while work is in time. */
const growth = 1.2;
/** It shrinks by how much too long work took, but in one step neither by less nor by more. */
const leastShrinkage = 0.9;
const mostShrinkage = 0.25;

/**
 * How much work may be under way at once so that it takes no longer than its target. A fixed number is right for one speed: 128 orders
 * under way are a quarter of a second at 500 in a second, and three seconds at 40, when all of them come too late. When the work
 * of half a second was late it shrinks to what would have been in time: as much is under way as comes in the time that it takes (Little's
 * law), so half of it takes half as long. It grows back while work is in time, slower than it shrinks, which is what makes it
 * settle (Chiu and Jain, "Analysis of the Increase and Decrease Algorithms for Congestion Avoidance in Computer Networks",
 * Computer Networks and ISDN Systems 17(1), 1989); also when fewer are under way than it allows, for one that had stayed low would refuse
 * the next burst for what is over. Pure: it is told what time it is.
 */
export class AdaptiveLimit {
  private current: number;
  private changedAtMs = Number.NEGATIVE_INFINITY;
  private windowBeganAtMs: number | undefined;
  private samples = 0;
  private sumMs = 0;
  private highest = 0;

  constructor(private readonly options: AdaptiveLimitOptions) {
    this.current = options.most;
  }

  get limit(): number {
    return Math.floor(this.current);
  }

  /** Notes work that has ended, and how much was under way with it. Times are in milliseconds. */
  note(beganAtMs: number, endedAtMs: number, underWay: number): void {
    // What began before the last change tells how it was under the limit of before.
    if (beganAtMs < this.changedAtMs) return;
    this.windowBeganAtMs ??= endedAtMs;
    this.samples += 1;
    this.sumMs += endedAtMs - beganAtMs;
    this.highest = Math.max(this.highest, underWay);
    if (this.samples < leastSamples || endedAtMs - this.windowBeganAtMs < windowMs) return;
    const { most, least, targetMs } = this.options;
    const inTime = (targetMs * this.samples) / this.sumMs;
    if (inTime < 1) {
      const shrinkage = Math.max(mostShrinkage, Math.min(leastShrinkage, inTime));
      this.endWindow(Math.max(least, Math.min(this.current, this.highest) * shrinkage), endedAtMs);
    } else this.endWindow(Math.min(most, this.current * growth), endedAtMs);
  }

  private endWindow(limit: number, nowMs: number): void {
    if (limit !== this.current) this.changedAtMs = nowMs;
    this.current = limit;
    this.windowBeganAtMs = nowMs;
    this.samples = 0;
    this.sumMs = 0;
    this.highest = 0;
  }
}
