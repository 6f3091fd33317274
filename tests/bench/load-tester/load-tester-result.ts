import type { Machine } from '../report/machine.js';
import { median } from '../report/median.js';

/** As many requests as either can get answered by the same bare server, one after the other. */
export interface HighestRound {
  readonly wrkPerSecond: number;
  readonly loadPerSecond: number;
}

export interface RateRound {
  /** What left within the run, as a share of what was asked for. */
  readonly sentShare: number;
  readonly sendDelayP99Ms: number;
  readonly errors: number;
  /** From the histogram of the load tester. */
  readonly p99Ms: number;
  /** Reckoned anew from the log of every request: sorted, with the due times from the rate alone. */
  readonly reckonedP99Ms: number;
}

export interface RateFigures {
  readonly rate: number;
  readonly rounds: readonly RateRound[];
  readonly sentShare: number;
  readonly sendDelayP99Ms: number;
  /** The load tester's p99 over the reckoned one, of the round in which they differ most. */
  readonly worstP99Ratio: number;
}

export interface LoadTesterResult {
  readonly machine: Machine;
  readonly seconds: number;
  readonly connections: number;
  readonly highest: { readonly rounds: readonly HighestRound[]; readonly ratio: number };
  readonly rates: readonly RateFigures[];
}

export function highestRatio(rounds: readonly HighestRound[]): number {
  return median(rounds.map(({ wrkPerSecond, loadPerSecond }) => loadPerSecond / wrkPerSecond));
}

export function summarizeRate(rate: number, rounds: readonly RateRound[]): RateFigures {
  const ratios = rounds.map(({ p99Ms, reckonedP99Ms }) => p99Ms / reckonedP99Ms);
  return {
    rate,
    rounds,
    sentShare: median(rounds.map(({ sentShare }) => sentShare)),
    sendDelayP99Ms: median(rounds.map(({ sendDelayP99Ms }) => sendDelayP99Ms)),
    worstP99Ratio: ratios.reduce(
      (worst, ratio) => (Math.abs(ratio - 1) > Math.abs(worst - 1) ? ratio : worst),
      1,
    ),
  };
}
