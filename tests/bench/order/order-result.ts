import type { OrderCase } from '../limit/order-script.js';
import type { CpuSeconds } from '../platform/cpu-time.js';
import type { Machine } from '../report/machine.js';
import { median } from '../report/median.js';

/** One round: the limit, and right after it the shop. */
export interface OrderRound {
  readonly limitPerSecond: number;
  readonly ordersPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly statuses: Readonly<Record<string, number>>;
  readonly loadCpuShare: number;
  readonly cpuMsPerOrder: CpuSeconds;
}

/** A case with one number of clients; every figure is the median of its rounds. */
export interface OrderFigures {
  readonly case: OrderCase;
  readonly stage: number;
  readonly clients: number;
  readonly ordersPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly limitPerSecond: number;
  readonly ratio: number;
  readonly cpuMsPerOrder: CpuSeconds;
  /** Answers other than 201, by status, over all rounds. Empty when every order was confirmed. */
  readonly otherAnswers: Readonly<Record<string, number>>;
  readonly rounds: readonly OrderRound[];
}

export interface ReadRound {
  readonly readsPerSecond: number;
  readonly bareReadsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

export interface ReadFigures {
  readonly connections: number;
  readonly readsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** A bare node:http server, called directly. */
  readonly limitPerSecond: number;
  readonly ratio: number;
  readonly rounds: readonly ReadRound[];
}

export interface OrderBenchResult {
  readonly machine: Machine;
  readonly seconds: number;
  readonly warmUpSeconds: number;
  readonly orders: readonly OrderFigures[];
  readonly reads?: ReadFigures;
}

export function summarizeOrders(
  name: OrderCase,
  stage: number,
  clients: number,
  rounds: readonly OrderRound[],
): OrderFigures {
  const middle = (pick: (round: OrderRound) => number): number => median(rounds.map(pick));
  const parts = Object.keys(rounds[0]?.cpuMsPerOrder ?? {});
  return {
    case: name,
    stage,
    clients,
    ordersPerSecond: middle((round) => round.ordersPerSecond),
    p50Ms: middle((round) => round.p50Ms),
    p99Ms: middle((round) => round.p99Ms),
    limitPerSecond: middle((round) => round.limitPerSecond),
    ratio: middle((round) => round.ordersPerSecond / round.limitPerSecond),
    cpuMsPerOrder: Object.fromEntries(
      parts.map((part) => [part, middle((round) => round.cpuMsPerOrder[part] ?? 0)]),
    ),
    otherAnswers: otherAnswers(rounds),
    rounds,
  };
}

export function summarizeReads(connections: number, rounds: readonly ReadRound[]): ReadFigures {
  const middle = (pick: (round: ReadRound) => number): number => median(rounds.map(pick));
  return {
    connections,
    readsPerSecond: middle((round) => round.readsPerSecond),
    p50Ms: middle((round) => round.p50Ms),
    p99Ms: middle((round) => round.p99Ms),
    limitPerSecond: middle((round) => round.bareReadsPerSecond),
    ratio: middle((round) => round.readsPerSecond / round.bareReadsPerSecond),
    rounds,
  };
}

function otherAnswers(rounds: readonly OrderRound[]): Record<string, number> {
  const others: Record<string, number> = {};
  for (const { statuses } of rounds) {
    for (const [status, count] of Object.entries(statuses)) {
      if (status !== '201') others[status] = (others[status] ?? 0) + count;
    }
  }
  return others;
}
