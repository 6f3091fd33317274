/** A write that was acknowledged, or none. */
export interface WriteGap {
  /** Between the two acknowledgements, in time. */
  readonly gapMs: number;
  /** When writes were acknowledged again. */
  readonly endedAtMs: number;
}

/**
 * The longest time without an acknowledged write that a fault has caused: it begins at the last acknowledgement before
 * the fault or at any later one, since a fault may act late, and answers that were under way may still arrive.
 * @param acknowledgedAtMs in the order of time
 */
export function longestGap(acknowledgedAtMs: readonly number[], faultAtMs: number): WriteGap {
  let longest: WriteGap = { gapMs: 0, endedAtMs: faultAtMs };
  for (const [index, endedAtMs] of acknowledgedAtMs.entries()) {
    if (endedAtMs < faultAtMs) continue;
    const gapMs = endedAtMs - (acknowledgedAtMs[index - 1] ?? faultAtMs);
    if (gapMs > longest.gapMs) longest = { gapMs, endedAtMs };
  }
  return longest;
}

/** The value below which `percent` of all lie, by nearest rank: of few values the 99th percentile is the largest. */
export function percentile(values: readonly number[], percent: number): number {
  const sorted = [...values].sort((left, right) => left - right);
  return sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)] ?? 0;
}
