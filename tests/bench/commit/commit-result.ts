import type { Skew } from '../limit/order-script.js';
import { summarizeOrders, type OrderFigures, type OrderRound } from '../order/order-result.js';
import type { Machine } from '../report/machine.js';
import { median } from '../report/median.js';
import type { CommitCounts } from './commit-counts.js';

export const commitCases = ['saga', 'tcc', '2pc', '3pc'] as const;
export type CommitCase = (typeof commitCases)[number];

/**
 * The least that each protocol allows for an order of three branches: docs/protocols/README.md tells why. `flushes` are the
 * forced writes of coordinator and participants, and one of the order service, which records the order first.
 */
export const leastCosts: Record<CommitCase, { readonly messages: number; readonly flushes: number }> = {
  saga: { messages: 6, flushes: 5 },
  tcc: { messages: 12, flushes: 8 },
  '2pc': { messages: 12, flushes: 8 },
  '3pc': { messages: 15, flushes: 8 },
};

/** A round with what was written and sent for each order in it. */
export interface CommitRound extends OrderRound {
  readonly perOrder: CommitCounts;
}

export interface CommitFigures extends Omit<OrderFigures, 'case' | 'rounds'> {
  readonly case: CommitCase;
  readonly skew: Skew;
  readonly perOrder: CommitCounts;
  readonly rounds: readonly CommitRound[];
}

export interface CommitBenchResult {
  readonly machine: Machine;
  readonly seconds: number;
  readonly warmUpSeconds: number;
  readonly cases: readonly CommitFigures[];
}

export function summarizeCommits(
  name: CommitCase,
  skew: Skew,
  stage: number,
  clients: number,
  rounds: readonly CommitRound[],
): CommitFigures {
  const middle = (pick: (counts: CommitCounts) => number): number =>
    median(rounds.map(({ perOrder }) => pick(perOrder)));
  return {
    ...summarizeOrders(name, stage, clients, rounds),
    case: name,
    skew,
    rounds,
    perOrder: {
      logWrites: middle(({ logWrites }) => logWrites),
      logRecords: middle(({ logRecords }) => logRecords),
      messages: middle(({ messages }) => messages),
      walFlushes: middle(({ walFlushes }) => walFlushes),
    },
  };
}
