/** What part of its share a member gets in each half of its slow start: few steps, since each of them reloads nginx. */
const steps = [0.25, 0.5] as const;

/** A process that has just started has cold caches and slow code: it gets its share step by step. */
export function slowStartShare(ageMs: number, slowStartMs: number): number {
  if (ageMs >= slowStartMs) return 1;
  return steps[Math.floor((ageMs * steps.length) / slowStartMs)] ?? 1;
}
