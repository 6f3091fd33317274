import type { Histogram } from '#protocols/histogram.js';
import type { ClientStrategy } from '#protocols/balancing/strategy.js';
import { errorCount, type LoadResult } from '../load/load-result.js';
import { compareScenarios, type BackEndSpec, type CompareScenarioName } from './compare-scenario.js';
import { jainsIndex } from './fairness.js';
import { contradictions, type Contradiction } from './order-agreement.js';

/** What came of one strategy in one round. */
export interface CompareRun {
  /** By back end. */
  readonly shares: Readonly<Record<string, number>>;
  /** Jain's index of the answers of each back end in proportion to its weight. */
  readonly fairness: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly p99Ms: number;
  readonly p999Ms: number;
  readonly requests: number;
  readonly errors: Readonly<Record<string, number>>;
  readonly errorCount: number;
  /** Sent to a second back end by the balancer, or again by the client. */
  readonly retries: number;
  readonly isScheduleKept: boolean;
}

export interface CompareRow extends Omit<CompareRun, 'errors' | 'isScheduleKept'> {
  readonly strategy: ClientStrategy;
  readonly side: 'nginx' | 'caller';
  /** The figures above are their medians. */
  readonly rounds: readonly CompareRun[];
  /** Of hash strategies: the share of clients whose back end changed when one of the back ends left. */
  readonly movedShare?: number;
  /** Of all rounds. */
  readonly latency: Histogram;
}

export interface CompareResult {
  readonly scenario: CompareScenarioName;
  readonly rate: number;
  readonly seconds: number;
  readonly seed: number;
  readonly rows: readonly CompareRow[];
  /** Pairs whose order in p99 is not the same in all rounds. */
  readonly contradictions: readonly Contradiction[];
  readonly missedSchedules: number;
}

export function summarizeRun(
  result: LoadResult,
  names: readonly string[],
  specs: readonly BackEndSpec[],
  balancerRetries: number,
): CompareRun {
  const { total, schedule } = result;
  const counts = names.map((name) => total.backEndCounts[name] ?? 0);
  const quantileMs = (share: number): number => total.latency.quantileUs(share) / 1000;
  return {
    shares: Object.fromEntries(
      names.map((name, index) => [name, (counts[index] ?? 0) / Math.max(1, total.latency.count)]),
    ),
    fairness: jainsIndex(counts.map((count, index) => count / (specs[index]?.weight ?? 1))),
    p50Ms: quantileMs(0.5),
    p95Ms: quantileMs(0.95),
    p99Ms: quantileMs(0.99),
    p999Ms: quantileMs(0.999),
    requests: total.due,
    errors: total.errors,
    errorCount: errorCount(total),
    retries: balancerRetries + total.retries,
    isScheduleKept: schedule.kind === 'kept',
  };
}

export function summarizeRow(
  of: Pick<CompareRow, 'strategy' | 'side' | 'latency' | 'rounds'>,
  movedShare: number | undefined,
): CompareRow {
  const { rounds } = of;
  const middle = (pick: (run: CompareRun) => number): number => medianOf(rounds.map(pick));
  const names = Object.keys(rounds[0]?.shares ?? {});
  return {
    ...of,
    ...(movedShare !== undefined && { movedShare }),
    shares: Object.fromEntries(names.map((name) => [name, middle(({ shares }) => shares[name] ?? 0)])),
    fairness: middle(({ fairness }) => fairness),
    p50Ms: middle(({ p50Ms }) => p50Ms),
    p95Ms: middle(({ p95Ms }) => p95Ms),
    p99Ms: middle(({ p99Ms }) => p99Ms),
    p999Ms: middle(({ p999Ms }) => p999Ms),
    requests: middle(({ requests }) => requests),
    errorCount: middle((run) => run.errorCount),
    retries: middle(({ retries }) => retries),
  };
}

export function summarizeCompare(
  of: Pick<CompareResult, 'scenario' | 'rate' | 'seconds' | 'seed' | 'rows'>,
): CompareResult {
  const count = Math.max(0, ...of.rows.map(({ rounds }) => rounds.length));
  const p99s = Array.from(
    { length: count },
    (_, round) => new Map(of.rows.map(({ strategy, rounds }) => [strategy, rounds[round]?.p99Ms ?? NaN])),
  );
  const missed = of.rows.flatMap(({ rounds }) => rounds.filter(({ isScheduleKept }) => !isScheduleKept));
  return { ...of, contradictions: contradictions(p99s), missedSchedules: missed.length };
}

export interface Winner {
  readonly at: string;
  readonly strategies: readonly string[];
  readonly value: string;
}

/** Within this share of the best, nobody has won alone. */
const drawShare = 0.05;

/** Who was best at what. */
export function winnersOf({ rows }: Pick<CompareResult, 'rows'>): Winner[] {
  const ms = (value: number): string => `${value.toFixed(1)} ms`;
  return [
    winner(rows, 'median latency', ({ p50Ms }) => p50Ms, ms),
    winner(rows, 'p99', ({ p99Ms }) => p99Ms, ms),
    winner(rows, 'p99.9', ({ p999Ms }) => p999Ms, ms),
    winner(
      rows,
      'fairness',
      ({ fairness }) => 1 / fairness,
      (value) => (1 / value).toFixed(3),
    ),
    winner(rows, 'fewest errors', (row) => row.errorCount, String),
    winner(
      rows.filter(({ movedShare }) => movedShare !== undefined),
      'fewest clients moved when a back end left',
      ({ movedShare = 1 }) => movedShare,
      (share) => `${(share * 100).toFixed(0)} %`,
    ),
  ].filter(({ strategies }) => strategies.length > 0);
}

function winner(
  rows: readonly CompareRow[],
  at: string,
  cost: (row: CompareRow) => number,
  show: (cost: number) => string,
): Winner {
  const best = Math.min(...rows.map(cost));
  const strategies = rows
    .filter((row) => cost(row) <= best * (1 + drawShare))
    .map(({ strategy }) => strategy);
  return { at, strategies, value: show(best) };
}

export function titleOf(scenario: CompareScenarioName): string {
  return compareScenarios[scenario].title;
}

function medianOf(values: readonly number[]): number {
  const inOrder = [...values].sort((left, right) => left - right);
  const upper = inOrder[Math.floor(inOrder.length / 2)] ?? 0;
  return inOrder.length % 2 === 1 ? upper : (upper + (inOrder[inOrder.length / 2 - 1] ?? 0)) / 2;
}
