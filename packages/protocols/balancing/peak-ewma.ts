/** After so long without a sample a latency counts for a third of what it did. */
const decayMs = 5_000;

/** What a copy is taken to need that was never asked: little, so that it is tried. */
const unknownMs = 0.1;

/**
 * A moving average of latencies that believes bad news at once and forgets it slowly: Finagle's PeakEwma. A plain average would take
 * many slow answers to notice that a copy has become slow, and each of them has a customer behind it.
 */
export class PeakEwma {
  private valueMs = unknownMs;
  private notedAtMs = -Infinity;

  note(latencyMs: number, nowMs: number): void {
    if (latencyMs >= this.valueMs) this.valueMs = latencyMs;
    else {
      const kept = Math.exp(-Math.max(0, nowMs - this.notedAtMs) / decayMs);
      this.valueMs = this.valueMs * kept + latencyMs * (1 - kept);
    }
    this.notedAtMs = nowMs;
  }

  /** It fades while nobody asks: who was slow once is tried again. */
  at(nowMs: number): number {
    const kept = Math.exp(-Math.max(0, nowMs - this.notedAtMs) / decayMs);
    return Math.max(unknownMs, this.valueMs * kept);
  }
}
