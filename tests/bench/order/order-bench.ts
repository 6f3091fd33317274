import type { Progress } from '#bootstrap/progress.mjs';
import type { OrderCase } from '../limit/order-script.js';
import type { BenchPlatform } from '../platform/bench-platform.js';
import { withPlatform } from '../platform/with-platform.js';
import { readConnections, ReadMeasure } from '../reads/read-measure.js';
import { describeMachine } from '../report/machine.js';
import { OrderMeasure } from './order-measure.js';
import type { OrderBenchOptions } from './order-options.js';
import {
  summarizeOrders,
  summarizeReads,
  type OrderBenchResult,
  type OrderFigures,
  type OrderRound,
  type ReadFigures,
  type ReadRound,
} from './order-result.js';

export interface Tools {
  readonly pgbench: string;
  readonly wrk: string;
}

export const coordinatedStage = 10;
const singleStage = 1;

export const warmUpClients = 16;

/** Measures every case that is asked for, on one platform for each stage. */
export async function benchOrders(
  options: OrderBenchOptions,
  tools: Tools,
  progress: Progress,
): Promise<OrderBenchResult> {
  const { only, seconds, warmUp: warmUpSeconds } = options;
  const machine = describeMachine({ ...tools });
  const bench = new OrderBench(options, tools, progress);
  const coordinated = only.filter((name): name is 'saga' | '2pc' => name === 'saga' || name === '2pc');
  const orders: OrderFigures[] = [];
  let reads: ReadFigures | undefined;
  if (coordinated.length > 0 || only.includes('reads')) {
    await withPlatform({ stage: coordinatedStage, progress }, async (platform) => {
      if (coordinated.length > 0)
        orders.push(...(await bench.measureOrders(platform, coordinatedStage, coordinated)));
      if (only.includes('reads')) reads = await bench.measureReads(platform);
    });
  }
  if (only.includes('local')) {
    await withPlatform({ stage: singleStage, progress }, async (platform) => {
      orders.push(...(await bench.measureOrders(platform, singleStage, ['local'])));
    });
  }
  return { machine, seconds, warmUpSeconds, orders, ...(reads !== undefined && { reads }) };
}

class OrderBench {
  constructor(
    private readonly options: OrderBenchOptions,
    private readonly tools: Tools,
    private readonly progress: Progress,
  ) {}

  async measureOrders(
    platform: BenchPlatform,
    stage: number,
    names: readonly OrderCase[],
  ): Promise<OrderFigures[]> {
    const { clients, rounds, warmUp } = this.options;
    const measure = await OrderMeasure.prepare(platform, this.tools.pgbench);
    try {
      for (const name of names) {
        await this.progress.step(`${name}: warm-up`, () => measure.placeOrders(name, warmUpClients, warmUp));
      }
      const cases = names.flatMap((name) =>
        clients.map((count) => ({ name, count, rounds: [] as OrderRound[] })),
      );
      for (let round = 1; round <= rounds; round++) {
        for (const { name, count, rounds: taken } of cases) {
          const title = `${name}, ${count} ${count === 1 ? 'client' : 'clients'}, round ${round} of ${rounds}`;
          taken.push(await this.progress.step(title, () => this.orderRound(measure, name, count)));
        }
      }
      return cases.map(({ name, count, rounds: taken }) => summarizeOrders(name, stage, count, taken));
    } finally {
      measure.close();
    }
  }

  async measureReads(platform: BenchPlatform): Promise<ReadFigures> {
    const { seconds, rounds, warmUp } = this.options;
    const measure = await ReadMeasure.prepare(platform.port, this.tools.wrk);
    try {
      await this.progress.step('reads: warm-up', () => measure.round(warmUp));
      const taken: ReadRound[] = [];
      for (let round = 1; round <= rounds; round++) {
        const title = `reads, ${readConnections} connections, round ${round} of ${rounds}`;
        taken.push(await this.progress.step(title, () => measure.round(seconds)));
      }
      return summarizeReads(readConnections, taken);
    } finally {
      measure.close();
    }
  }

  private async orderRound(measure: OrderMeasure, name: OrderCase, clients: number): Promise<OrderRound> {
    const { seconds } = this.options;
    const limitPerSecond = await measure.runLimit(name, clients, seconds);
    const { placed, measuredMs, p50Us, p99Us, statuses, cpuShare, cpuSeconds } = await measure.placeOrders(
      name,
      clients,
      seconds,
    );
    const answered = Object.values(statuses).reduce((sum, count) => sum + count, 0);
    return {
      limitPerSecond,
      ordersPerSecond: (placed / measuredMs) * 1000,
      p50Ms: p50Us / 1000,
      p99Ms: p99Us / 1000,
      statuses,
      loadCpuShare: cpuShare,
      cpuMsPerOrder: Object.fromEntries(
        Object.entries(cpuSeconds).map(([part, value]) => [part, (value * 1000) / Math.max(1, answered)]),
      ),
    };
  }
}
