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
  { beganAtLsn, why, tookMs }: { beganAtLsn: string; why: string; tookMs: number },
): ClusterRecord {
  const promotion = {
    epoch: record.epoch,
    primary: record.primary,
    beganAtLsn,
    beganAt: new Date().toISOString(),
    why,
    tookMs: Math.round(tookMs),
  };
  return { ...record, history: [promotion, ...record.history].slice(0, mostPromotions) };
}
