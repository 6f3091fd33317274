import type { RateSegment } from './rate-shape.js';

interface Stretch {
  readonly startMs: number;
  /** Requests that are due before the stretch begins; not whole. */
  readonly before: number;
  readonly within: number;
  readonly fromPerMs: number;
  readonly slopePerMs2: number;
}

/** The rounding of sums of fractions must not make a request more. */
const roundingSlack = 1e-6;

/**
 * When each request is due, as a function of its number alone: whatever the answers do, and however many processes share the
 * numbers among them, the schedule is the same. Request k is due where the integral of the rate is k.
 */
export class ArrivalSchedule {
  readonly total: number;
  private readonly stretches: readonly Stretch[];
  private at = 0;

  constructor(segments: readonly RateSegment[]) {
    let startMs = 0;
    let before = 0;
    const stretches: Stretch[] = [];
    for (const { lengthMs, from, to } of segments) {
      const within = (((from + to) / 2) * lengthMs) / 1000;
      const slopePerMs2 = lengthMs === 0 ? 0 : (to - from) / 1000 / lengthMs;
      stretches.push({ startMs, before, within, fromPerMs: from / 1000, slopePerMs2 });
      startMs += lengthMs;
      before += within;
    }
    this.stretches = stretches;
    this.total = Math.ceil(before - roundingSlack);
  }

  /** Of a number below `total`; cheapest when the numbers rise. */
  dueMs(number: number): number {
    if ((this.stretches[this.at]?.before ?? 0) > number) this.at = 0;
    for (;;) {
      const stretch = this.stretches[this.at];
      if (stretch === undefined) return Infinity;
      const left = number - stretch.before;
      if (left < stretch.within || this.at === this.stretches.length - 1)
        return stretch.startMs + timeOf(left, stretch);
      this.at += 1;
    }
  }
}

/** Solves from·t + slope·t²/2 = count; this form of the solution loses no digits when the slope is small. */
function timeOf(count: number, { fromPerMs, slopePerMs2 }: Stretch): number {
  if (count <= 0) return 0;
  const root = Math.sqrt(Math.max(0, fromPerMs * fromPerMs + 2 * slopePerMs2 * count));
  return (2 * count) / (fromPerMs + root);
}
