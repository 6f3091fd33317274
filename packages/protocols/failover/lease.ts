import { timings } from './cluster.js';

/**
 * How long a primary is believed to be one. Its lease ends at an absolute time of its own clock, which is what the clock
 * said in an earlier answer and `leaseMs`: a renewal that was under way while the server was paused revives nothing. The
 * supervisor has only its own clock; when an answer arrives, the server's clock has said so before.
 *
 * Gray and Cheriton, "Leases: An Efficient Fault-Tolerant Mechanism for Distributed File Cache Consistency", SOSP 1989.
 */
export class Lease {
  private untilMs = Number.NEGATIVE_INFINITY;

  /** @param nowMs when the supervisor started: until then another one may have renewed the lease */
  constructor(nowMs: number) {
    this.overAtMs = nowMs + timings.leaseMs + timings.marginMs;
  }

  /** From when on it is over for sure, for everybody. */
  overAtMs: number;

  /** A renewal is about to be sent. @param clockReadMs when the answer arrived that told the server's clock */
  renewing(clockReadMs: number): void {
    this.overAtMs = Math.max(this.overAtMs, clockReadMs + timings.leaseMs + timings.marginMs);
  }

  /** A renewal was confirmed. @param askedAtMs when the question was sent that told the server's clock */
  renewed(askedAtMs: number): void {
    this.untilMs = Math.max(this.untilMs, askedAtMs + timings.leaseMs);
  }

  /** Somebody else becomes the primary. */
  end(): void {
    this.untilMs = Number.NEGATIVE_INFINITY;
  }

  /** For how long it lasts at least; 0 when it may be over. */
  leftMs(nowMs: number): number {
    return Math.max(0, this.untilMs - nowMs);
  }

  isOver(nowMs: number): boolean {
    return nowMs >= this.overAtMs;
  }
}
