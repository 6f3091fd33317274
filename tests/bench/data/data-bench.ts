import type { Progress } from '#bootstrap/progress.mjs';
import { warmUpClients } from '../order/order-bench.js';
import { withPlatform } from '../platform/with-platform.js';
import { describeMachine } from '../report/machine.js';

import { CacheHits } from './cache-hits.js';
import type { DataBenchOptions } from './data-command.js';
import {
  summarizeCache,
  summarizeReads,
  summarizeSynchronous,
  type CacheFigures,
  type DataBenchResult,
  type ReadFigures,
  type SynchronousFigures,
} from './data-result.js';
import { readConnections, ReadThroughput } from './read-throughput.js';
import { SynchronousCost } from './synchronous-cost.js';

const stage = 10;
const replicaCounts = [0, 1, 2];
const mostReplicas = 2;

/** Measures the data tier: reads from 0, 1 and 2 replicas, hits of the cache, and what synchronous replication costs. */
export async function benchData(
  options: DataBenchOptions,
  pgbench: string,
  progress: Progress,
): Promise<DataBenchResult> {
  const { only, seconds, warmUp: warmUpSeconds } = options;
  const bench = new DataBench(options, pgbench, progress);
  return {
    machine: describeMachine({ pgbench }),
    seconds,
    warmUpSeconds,
    ...(only.includes('reads') && { reads: await bench.measureReads() }),
    ...(only.includes('cache') && { cache: await bench.measureCache() }),
    ...(only.includes('synchronous') && { synchronous: await bench.measureSynchronous() }),
  };
}

class DataBench {
  constructor(
    private readonly options: DataBenchOptions,
    private readonly pgbench: string,
    private readonly progress: Progress,
  ) {}

  async measureReads(): Promise<ReadFigures[]> {
    const { seconds, warmUp } = this.options;
    const figures: ReadFigures[] = [];
    for (const replicas of replicaCounts) {
      await withPlatform({ stage, replicas, progress: this.progress }, async (platform) => {
        const measure = await ReadThroughput.prepare(platform, this.pgbench);
        try {
          const title = `reads, ${replicas} replicas`;
          await this.progress.step(`${title}: warm-up`, () => measure.read(warmUp));
          const rounds = await this.rounds(title, () => measure.round(seconds));
          figures.push(summarizeReads(replicas, readConnections, rounds));
        } finally {
          measure.close();
        }
      });
    }
    return figures;
  }

  async measureCache(): Promise<CacheFigures> {
    const hits = await CacheHits.prepare();
    try {
      return summarizeCache(await this.rounds('cache hits', () => hits.round(this.options.seconds)));
    } finally {
      await hits.close();
    }
  }

  async measureSynchronous(): Promise<SynchronousFigures> {
    const { seconds, warmUp } = this.options;
    let figures: SynchronousFigures | undefined;
    await withPlatform({ stage, replicas: mostReplicas, progress: this.progress }, async (platform) => {
      const measure = await SynchronousCost.prepare(platform, this.pgbench, warmUpClients);
      try {
        await this.progress.step('orders: warm-up', () => measure.warmUp(warmUp));
        const rounds = await this.rounds('remote_apply', () => measure.round(seconds));
        const { '201': _placed, ...others } = measure.statuses;
        figures = summarizeSynchronous(warmUpClients, others, rounds);
      } finally {
        measure.close();
      }
    });
    if (figures === undefined) throw new Error('the measurement has no result');
    return figures;
  }

  private async rounds<Round>(title: string, measure: () => Promise<Round>): Promise<Round[]> {
    const taken: Round[] = [];
    for (let round = 1; round <= this.options.rounds; round++)
      taken.push(await this.progress.step(`${title}, round ${round} of ${this.options.rounds}`, measure));
    return taken;
  }
}
