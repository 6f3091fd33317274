import type { Progress } from '#bootstrap/progress.mjs';
import type { Skew } from '../limit/order-script.js';
import { coordinatedStage, warmUpClients } from '../order/order-bench.js';
import { OrderMeasure } from '../order/order-measure.js';
import { withPlatform } from '../platform/with-platform.js';
import { describeMachine } from '../report/machine.js';
import { countsBetween } from './commit-counts.js';
import type { CommitBenchOptions } from './commit-command.js';
import {
  summarizeCommits,
  type CommitBenchResult,
  type CommitCase,
  type CommitFigures,
  type CommitRound,
} from './commit-result.js';

interface PlannedCase {
  readonly name: CommitCase;
  readonly skew: Skew;
  readonly clients: number;
  readonly rounds: CommitRound[];
}

/** Measures every protocol on one platform, with orders for products at random and all for the same one. */
export async function benchCommits(
  options: CommitBenchOptions,
  pgbench: string,
  progress: Progress,
): Promise<CommitBenchResult> {
  const { clients, rounds, seconds, warmUp, only, skew: skews } = options;
  const machine = describeMachine({ pgbench });
  let cases: CommitFigures[] = [];
  await withPlatform({ stage: coordinatedStage, progress }, async (platform) => {
    const measure = await OrderMeasure.prepare(platform, pgbench);
    try {
      for (const name of only) {
        await progress.step(`${name}: warm-up`, () => measure.placeOrders(name, warmUpClients, warmUp));
      }
      const planned: PlannedCase[] = only.flatMap((name) =>
        skews.flatMap((skew) => clients.map((count) => ({ name, skew, clients: count, rounds: [] }))),
      );
      for (let round = 1; round <= rounds; round++) {
        for (const one of planned) {
          const title = `${one.name}, ${one.skew}, ${one.clients} clients, round ${round} of ${rounds}`;
          one.rounds.push(await progress.step(title, () => commitRound(measure, one, seconds)));
        }
      }
      cases = planned.map((one) =>
        summarizeCommits(one.name, one.skew, coordinatedStage, one.clients, one.rounds),
      );
    } finally {
      measure.close();
    }
  });
  return { machine, seconds, warmUpSeconds: warmUp, cases };
}

async function commitRound(
  measure: OrderMeasure,
  { name, skew, clients }: PlannedCase,
  seconds: number,
): Promise<CommitRound> {
  const limitPerSecond = await measure.runLimit(name, clients, seconds, skew);
  const before = await measure.readCounts();
  const result = await measure.placeOrders(name, clients, seconds, skew);
  const after = await measure.readCounts();
  const answered = Object.values(result.statuses).reduce((sum, count) => sum + count, 0);
  return {
    limitPerSecond,
    ordersPerSecond: (result.placed / result.measuredMs) * 1000,
    p50Ms: result.p50Us / 1000,
    p99Ms: result.p99Us / 1000,
    statuses: result.statuses,
    loadCpuShare: result.cpuShare,
    cpuMsPerOrder: Object.fromEntries(
      Object.entries(result.cpuSeconds).map(([part, value]) => [
        part,
        (value * 1000) / Math.max(1, answered),
      ]),
    ),
    perOrder: countsBetween(before, after, answered),
  };
}
