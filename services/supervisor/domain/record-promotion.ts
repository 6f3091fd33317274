import type { ClusterRecord } from '#platform/postgres/cluster-record.js';

/** The latest are kept. */
const mostPromotions = 100;

/** Why there was no primary, and since when (monotonic). */
export interface Trouble {
  readonly sinceMs: number;
  readonly why: string;
}

/** Writes down what a promotion has taken, now that the new primary takes writes. */
export function recordPromotion(
  record: ClusterRecord,
  { beganAtLsn, trouble, nowMs }: { beganAtLsn: string; trouble: Trouble; nowMs: number },
): ClusterRecord {
  const promotion = {
    epoch: record.epoch,
    primary: record.primary,
    beganAtLsn,
    beganAt: new Date().toISOString(),
    why: trouble.why,
    tookMs: Math.round(nowMs - trouble.sinceMs),
  };
  return { ...record, history: [promotion, ...record.history].slice(0, mostPromotions) };
}
