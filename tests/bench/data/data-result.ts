import type { Machine } from '../report/machine.js';
import { median } from '../report/median.js';
import type { ReadResult } from './read-plan.js';

/** One round: pgbench on every server that the shop reads from, and right after it the shop. */
export interface ReadRound {
  readonly selectsPerSecond: number;
  readonly shop: ReadResult;
}

export interface ReadFigures {
  readonly replicas: number;
  readonly connections: number;
  readonly readsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly selectsPerSecond: number;
  /** The median of the rounds' own ratios. */
  readonly ratio: number;
  readonly otherAnswers: Readonly<Record<string, number>>;
  readonly servers: Readonly<Record<string, number>>;
  readonly rounds: readonly ReadRound[];
}

/** One round of one reader without company, one call after the other, in turn. */
export interface CacheRound {
  readonly hitP50Us: number;
  readonly getP50Us: number;
}

export interface CacheFigures {
  readonly hitP50Us: number;
  readonly getP50Us: number;
  readonly ratio: number;
  readonly rounds: readonly CacheRound[];
}

/** What both reach asynchronously, and when a write waits until a replica shows it. */
export interface SynchronousRound {
  readonly shop: { readonly none: number; readonly remoteApply: number };
  readonly pgbench: { readonly none: number; readonly remoteApply: number };
}

export interface SynchronousFigures {
  readonly clients: number;
  readonly shop: SynchronousRound['shop'];
  readonly pgbench: SynchronousRound['pgbench'];
  /** What remote_apply leaves of the throughput. */
  readonly shopKeeps: number;
  readonly pgbenchKeeps: number;
  readonly otherAnswers: Readonly<Record<string, number>>;
  readonly rounds: readonly SynchronousRound[];
}

export interface DataBenchResult {
  readonly machine: Machine;
  readonly seconds: number;
  readonly warmUpSeconds: number;
  readonly reads?: readonly ReadFigures[];
  readonly cache?: CacheFigures;
  readonly synchronous?: SynchronousFigures;
}

export function summarizeReads(
  replicas: number,
  connections: number,
  rounds: readonly ReadRound[],
): ReadFigures {
  const middle = (pick: (round: ReadRound) => number): number => median(rounds.map(pick));
  const { '200': _good, ...otherAnswers } = sumOf(rounds.map(({ shop }) => shop.statuses));
  return {
    replicas,
    connections,
    readsPerSecond: middle(({ shop }) => shop.readsPerSecond),
    p50Ms: middle(({ shop }) => shop.p50Ms),
    p99Ms: middle(({ shop }) => shop.p99Ms),
    selectsPerSecond: middle(({ selectsPerSecond }) => selectsPerSecond),
    ratio: middle(({ shop, selectsPerSecond }) => shop.readsPerSecond / selectsPerSecond),
    otherAnswers,
    servers: sumOf(rounds.map(({ shop }) => shop.servers)),
    rounds,
  };
}

export function summarizeCache(rounds: readonly CacheRound[]): CacheFigures {
  return {
    hitP50Us: median(rounds.map(({ hitP50Us }) => hitP50Us)),
    getP50Us: median(rounds.map(({ getP50Us }) => getP50Us)),
    ratio: median(rounds.map(({ hitP50Us, getP50Us }) => hitP50Us / getP50Us)),
    rounds,
  };
}

export function summarizeSynchronous(
  clients: number,
  otherAnswers: Readonly<Record<string, number>>,
  rounds: readonly SynchronousRound[],
): SynchronousFigures {
  const both = (who: 'shop' | 'pgbench'): SynchronousRound['shop'] => ({
    none: median(rounds.map((round) => round[who].none)),
    remoteApply: median(rounds.map((round) => round[who].remoteApply)),
  });
  const keeps = (who: 'shop' | 'pgbench'): number =>
    median(rounds.map((round) => round[who].remoteApply / round[who].none));
  return {
    clients,
    shop: both('shop'),
    pgbench: both('pgbench'),
    shopKeeps: keeps('shop'),
    pgbenchKeeps: keeps('pgbench'),
    otherAnswers,
    rounds,
  };
}

export function sumOf(counts: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const sum: Record<string, number> = {};
  for (const [name, count] of counts.flatMap((one) => Object.entries(one)))
    sum[name] = (sum[name] ?? 0) + count;
  return sum;
}
