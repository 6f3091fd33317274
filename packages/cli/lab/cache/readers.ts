import { Histogram } from '#protocols/histogram.js';
import { HttpConnection } from '../../consistency/http-connection.js';

export interface ReadsSummary {
  readonly reads: number;
  /** Neither 200 nor 404. */
  readonly failed: number;
  readonly seconds: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

const timeoutMs = 10_000;
const usPerMs = 1_000;
const msPerSecond = 1_000;
/** So that a read counts as one of the cache's, whatever this machine's levels are. */
const headers = { 'X-Consistency': 'eventual' };

/** So many readers at once, each of whom reads again when answered, at most so many times in each second. */
export class Readers {
  private readonly connections: HttpConnection[];

  constructor(url: string, count: number) {
    this.connections = Array.from({ length: count }, () => new HttpConnection(new URL(url), timeoutMs));
  }

  /** @param skuOf the sku of each read */
  async readUntil(ended: () => boolean, skuOf: () => string, perSecond: number): Promise<ReadsSummary> {
    const latencies = new Histogram();
    const startedAtMs = performance.now();
    let failed = 0;
    let begun = 0;
    const mayBegin = (): boolean => begun < ((performance.now() - startedAtMs) / msPerSecond) * perSecond;
    const reader = async (connection: HttpConnection): Promise<void> => {
      while (!ended()) {
        if (!mayBegin()) {
          await pause();
          continue;
        }
        begun += 1;
        const sentAtMs = performance.now();
        const outcome = await connection.request({
          method: 'GET',
          path: `/api/products/${skuOf()}`,
          headers,
        });
        latencies.record((performance.now() - sentAtMs) * usPerMs);
        if (outcome.kind === 'lost' || (outcome.status !== 200 && outcome.status !== 404)) failed += 1;
      }
    };
    await Promise.all(this.connections.map(reader));
    return {
      reads: latencies.count,
      failed,
      seconds: (performance.now() - startedAtMs) / msPerSecond,
      p50Ms: latencies.quantileUs(0.5) / usPerMs,
      p99Ms: latencies.quantileUs(0.99) / usPerMs,
    };
  }

  /** Reads each of these once. */
  async readAll(skus: readonly string[]): Promise<void> {
    const left = [...skus];
    await this.readUntil(
      () => left.length === 0,
      () => left.pop() ?? skus[0] ?? '',
      Number.POSITIVE_INFINITY,
    );
  }

  close(): void {
    for (const connection of this.connections) connection.close();
  }
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 1));
}
