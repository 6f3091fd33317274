import { Redis } from 'ioredis';
import type { Cache } from '#platform/cache/cache.js';
import type { CacheSource } from '#platform/cache/cache-options.js';
import { startPosition } from '#platform/postgres/position.js';
import { Histogram } from '#protocols/histogram.js';
import type { Product } from '#services/inventory/domain/products.js';
import { newProductCache } from '#services/inventory/storage/product-cache.js';
import { anything, newCachingProcess, type ProcessForTest } from '../../integration/cache-for-test.js';
import { newRedisForTest, type RedisForTest } from '../../integration/redis-for-test.js';
import type { CacheRound } from './data-result.js';

const product: Product = {
  sku: 'KET-GRE-1',
  name: 'Green Kettle, size 1',
  priceMinor: 3540,
  available: 1_000_000,
};
const bareKey = 'bare';
const maxReplicaLagMs = 10_000;
/** A value is fetched anew now and then, which is no hit. */
const callsAtATime = 50;

/** One reader without company: a hit of the shop's own product cache, and a GET of as much by a bare client, in turn. */
export class CacheHits {
  private constructor(
    private readonly server: RedisForTest,
    private readonly client: Redis,
    private readonly process: ProcessForTest<Product>,
  ) {}

  static async prepare(): Promise<CacheHits> {
    const server = await newRedisForTest();
    const client = new Redis(server.url);
    const process = await newCachingProcess(server.url, newCache);
    await process.read(product.sku);
    await client.set(bareKey, JSON.stringify(product));
    return new CacheHits(server, client, process);
  }

  async round(seconds: number): Promise<CacheRound> {
    const [hits, gets] = [new Histogram(), new Histogram()];
    const deadline = performance.now() + seconds * 1000;
    while (performance.now() < deadline) {
      await measure(hits, async () => {
        const { from } = await this.process.read(product.sku, anything);
        return from === 'cache';
      });
      await measure(gets, async () => (await this.client.get(bareKey)) !== null);
    }
    return { hitP50Us: hits.quantileUs(0.5), getP50Us: gets.quantileUs(0.5) };
  }

  async close(): Promise<void> {
    this.process.close();
    this.client.disconnect();
    await this.server.remove();
  }
}

async function measure(histogram: Histogram, call: () => Promise<boolean>): Promise<void> {
  for (let count = 0; count < callsAtATime; count++) {
    const startedAt = performance.now();
    const counts = await call();
    if (counts) histogram.record((performance.now() - startedAt) * 1000);
  }
}

function newCache(parts: ConstructorParameters<typeof Cache>[0]): Cache<Product> {
  const loaded = { value: product, atLeast: startPosition, atMost: startPosition };
  const source: CacheSource<Product> = {
    load: () => Promise.resolve(loaded),
    loadLatest: () => Promise.resolve(loaded),
    position: () => Promise.resolve(startPosition),
    epoch: () => 0,
  };
  return newProductCache(parts, source, maxReplicaLagMs);
}
