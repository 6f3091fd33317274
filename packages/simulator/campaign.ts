import type { CommitProtocolName } from '#protocols/commit/catalogue.js';
import { reachablePoints } from './faults/reachable-points.js';
import { actingPoint, Coverage } from './kernel/coverage.js';
import { runSchedule, type ScheduleName } from './schedule.js';
import { rightParts, type ShopParts } from './shop/shop-parts.js';

/** Schedules with consecutive seeds. */
export interface Campaign {
  readonly protocol: CommitProtocolName;
  readonly firstSeed: number;
  readonly schedules: number;
  readonly parts?: ShopParts;
}

/** What came of them, as plain numbers, so that results can be sent and added up. */
export interface CampaignResult {
  readonly protocol: CommitProtocolName;
  schedules: number;
  committed: number;
  aborted: number;
  /** 3PC: transactions that have diverged; all of them were detected and repaired. */
  diverged: number;
  /** `none`: orders that were left half done. */
  broken: number;
  /** How often a fault has acted at each failpoint. */
  readonly hits: number[];
  /** The first schedule that broke a law; the campaign ends there. */
  failure: ScheduleName | undefined;
}

export function runCampaign({
  protocol,
  firstSeed,
  schedules,
  parts = rightParts,
}: Campaign): CampaignResult {
  const coverage = new Coverage();
  const total = emptyResult(protocol);
  for (let seed = firstSeed; seed < firstSeed + schedules; seed++) {
    const name: ScheduleName = { protocol, seed, without: [] };
    const result = runSchedule(name, { coverage, parts });
    total.schedules += 1;
    total.committed += result.committed;
    total.aborted += result.aborted;
    total.diverged += result.diverged;
    total.broken += result.broken;
    if (result.violation === undefined) continue;
    total.failure = name;
    break;
  }
  coverage.hits.forEach((hits, point) => (total.hits[point] = hits));
  return total;
}

export function emptyResult(protocol: CommitProtocolName): CampaignResult {
  const counts = { schedules: 0, committed: 0, aborted: 0, diverged: 0, broken: 0 };
  return { protocol, ...counts, hits: [], failure: undefined };
}

export function addResult(total: CampaignResult, part: CampaignResult): void {
  total.schedules += part.schedules;
  total.committed += part.committed;
  total.aborted += part.aborted;
  total.diverged += part.diverged;
  total.broken += part.broken;
  part.hits.forEach((hits, point) => (total.hits[point] = (total.hits[point] ?? 0) + hits));
  total.failure ??= part.failure;
}

/** The failpoints that the protocol passes, and those of them at which no fault has acted. */
export function coverageOf({ protocol, hits }: CampaignResult): { reachable: number; missed: string[] } {
  const reachable = reachablePoints(protocol);
  const missed = reachable.filter((point) => (hits[point] ?? 0) === 0).map((point) => actingPoint(point));
  return { reachable: reachable.length, missed };
}
