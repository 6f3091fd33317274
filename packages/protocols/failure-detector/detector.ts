export const detectorNames = ['periodic', 'phi-accrual'] as const;
export type DetectorName = (typeof detectorNames)[number];

/**
 * Judges one process by the times at which its heartbeats came. It knows silence and nothing else: whether a silent process is dead
 * or slow, no detector can tell (Chandra and Toueg, "Unreliable Failure Detectors for Reliable Distributed Systems", JACM 43(2), 1996).
 * Times are monotonic milliseconds of the one who listens; the sender's clock has no part in it.
 */
export interface Detector {
  beat(atMs: number): void;
  suspects(nowMs: number): boolean;
  /** The process has answered by another way: its silence begins anew, and nothing is learned from it. */
  signOfLife(atMs: number): void;
  /** The listener was asleep for so long: that silence was its own. */
  forgive(gapMs: number): void;
}
