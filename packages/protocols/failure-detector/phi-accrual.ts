import type { Detector } from './detector.js';

export interface PhiAccrualOptions {
  /** Suspicion from which on a process is suspected; φ = 8 is a mistake in 10⁸, as far as the distribution is right. */
  readonly threshold: number;
  /** Intervals that are remembered. */
  readonly windowSize: number;
  /** A network that was perfectly even for a while will not stay so. */
  readonly minStdDeviationMs: number;
  /** A pause that comes so seldom that no window knows it, for example of the garbage collector. */
  readonly acceptablePauseMs: number;
  /** What is expected before anything was seen. */
  readonly firstIntervalMs: number;
}

/** The suspicion of a process that has been silent for ages; beyond it the number says nothing more. */
const mostPhi = 1_000;

/**
 * The φ accrual failure detector (Hayashibara, Défago, Yared and Katayama, "The φ Accrual Failure Detector", SRDS 2004). It answers
 * not yes or no but how suspicious the present silence is, given the intervals seen so far: φ(t) = −log₁₀ P(the next beat comes
 * later than t), with the intervals taken as normally distributed (section 4.3). The two bounds that the paper lacks, a least
 * deviation and an acceptable pause, and that an interval which looked like a failure is not learned, are those of Akka's detector.
 */
export class PhiAccrualDetector implements Detector {
  private readonly intervals: Float64Array;
  private count = 0;
  private next = 0;
  private sum = 0;
  private sumOfSquares = 0;
  /** False after a sign of life by another way: the next interval is not one between two beats. */
  private learns = true;

  constructor(
    private readonly options: PhiAccrualOptions,
    private lastAtMs: number,
  ) {
    this.intervals = new Float64Array(options.windowSize);
    // The guess is as wide as it is uncertain, and leaves the window like every other interval.
    const { firstIntervalMs } = options;
    this.learn(firstIntervalMs * 0.75);
    this.learn(firstIntervalMs * 1.25);
  }

  beat(atMs: number): void {
    if (atMs < this.lastAtMs) return;
    if (this.learns && !this.suspects(atMs)) this.learn(atMs - this.lastAtMs);
    this.lastAtMs = atMs;
    this.learns = true;
  }

  phi(nowMs: number): number {
    const { acceptablePauseMs, minStdDeviationMs } = this.options;
    const mean = this.sum / this.count;
    const variance = Math.max(0, this.sumOfSquares / this.count - mean * mean);
    const deviation = Math.max(minStdDeviationMs, Math.sqrt(variance));
    const silenceMs = nowMs - this.lastAtMs;
    return Math.min(mostPhi, suspicion((silenceMs - mean - acceptablePauseMs) / deviation));
  }

  suspects(nowMs: number): boolean {
    const { acceptablePauseMs, threshold } = this.options;
    // Within an acceptable pause φ is at most 0.3, for that is where the mean is: most looks need no logarithm.
    if (nowMs - this.lastAtMs <= acceptablePauseMs && threshold >= 1) return false;
    return this.phi(nowMs) >= threshold;
  }

  signOfLife(atMs: number): void {
    this.lastAtMs = Math.max(this.lastAtMs, atMs);
    this.learns = false;
  }

  forgive(gapMs: number): void {
    this.lastAtMs += gapMs;
    this.learns = false;
  }

  private learn(intervalMs: number): void {
    const { windowSize } = this.options;
    if (this.count === windowSize) {
      const oldest = this.intervals[this.next] ?? 0;
      this.sum -= oldest;
      this.sumOfSquares -= oldest * oldest;
    } else this.count += 1;
    this.intervals[this.next] = intervalMs;
    this.next = (this.next + 1) % windowSize;
    this.sum += intervalMs;
    this.sumOfSquares += intervalMs * intervalMs;
  }
}

/** −log₁₀ of the probability that a standard normal variable is greater than z. Exact enough far out in the tail, where it counts. */
export function suspicion(z: number): number {
  const x = z / Math.SQRT2;
  const ln = x >= 0 ? Math.log(0.5) + lnErfc(x) : Math.log1p(-0.5 * Math.exp(lnErfc(-x)));
  return -ln / Math.LN10;
}

/**
 * ln erfc(x) for x ≥ 0, with a relative error of erfc below 1.2·10⁻⁷ everywhere; the logarithm, since erfc itself is 0 for a computer
 * from x = 27 on (Press, Teukolsky, Vetterling and Flannery, "Numerical Recipes in C", 2nd edition, section 6.2, erfcc).
 */
function lnErfc(x: number): number {
  const t = 1 / (1 + x / 2);
  const polynomial = coefficients.reduceRight((sum, coefficient) => sum * t + coefficient, 0);
  return Math.log(t) - x * x + polynomial;
}

const coefficients = [
  -1.26551223, 1.00002368, 0.37409196, 0.09678418, -0.18628806, 0.27886807, -1.13520398, 1.48851587,
  -0.82215223, 0.17087277,
] as const;
