import type { Detector } from './detector.js';

export interface PeriodicOptions {
  /** How often a process promises to beat. */
  readonly intervalMs: number;
  /** So many beats may be missing; with the next it is suspected. */
  readonly missedBeats: number;
}

/**
 * The classic detector: a process is suspected when a fixed number of beats did not come. Simple, quick, and blind to what the
 * network is like: the same silence means the same on a good day and on a bad one.
 */
export class PeriodicDetector implements Detector {
  constructor(
    private readonly options: PeriodicOptions,
    private lastAtMs: number,
  ) {}

  beat(atMs: number): void {
    this.lastAtMs = Math.max(this.lastAtMs, atMs);
  }

  /** Beats that should have come since the last one. */
  missed(nowMs: number): number {
    return Math.max(0, Math.floor((nowMs - this.lastAtMs) / this.options.intervalMs));
  }

  suspects(nowMs: number): boolean {
    return this.missed(nowMs) >= this.options.missedBeats;
  }

  signOfLife(atMs: number): void {
    this.beat(atMs);
  }

  forgive(gapMs: number): void {
    this.lastAtMs += gapMs;
  }
}
