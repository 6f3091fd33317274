import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Redis } from 'ioredis';
import { z } from 'zod';
import { Cache, CacheStore } from '#platform/cache/cache.js';
import type { Metrics } from '#platform/metrics/metrics.js';
import { waitUntil } from '../e2e/wait-until.js';
import { newMetricsForTest, silent } from './postgres-for-test.js';
import { newRedisForTest, type RedisForTest } from './redis-for-test.js';

/** A real server takes its time on a busy machine. */
jest.setTimeout(60_000);

const deadlineMs = 30_000;
const productSchema = z.object({ sku: z.string(), priceMinor: z.int() });
type Product = z.infer<typeof productSchema>;

describe('a cache', () => {
  let redis: RedisForTest;
  let direct: Redis;
  let store: CacheStore;
  let metrics: Metrics;
  let cache: Cache<Product>;
  /** The database behind the cache, and what it was asked for. */
  let database: Map<string, Product>;
  let asked: string[];

  beforeAll(async () => {
    redis = await newRedisForTest();
    direct = new Redis(redis.url);
    direct.on('error', () => undefined);
  });
  afterAll(async () => {
    direct.disconnect();
    await redis.remove();
  });

  beforeEach(async () => {
    await direct.flushall();
    metrics = newMetricsForTest();
    store = new CacheStore(redis.url, metrics, silent);
    const options = { name: 'product', schema: productSchema, ttlMs: 60_000, absentTtlMs: 30_000 };
    cache = new Cache(store, metrics, options);
    database = new Map([['MUG', { sku: 'MUG', priceMinor: 990 }]]);
    asked = [];
    await waitUntil('Redis is connected', deadlineMs, async () =>
      (await store.get('any')) === null ? true : undefined,
    );
  });
  afterEach(() => store.close());

  const read = (sku: string): Promise<Product | undefined> =>
    cache.read(sku, async () => {
      asked.push(sku);
      return database.get(sku);
    });
  const results = async (): Promise<Record<string, number>> => {
    const { values } = await metrics.cacheReads.get();
    return Object.fromEntries(values.map(({ labels, value }) => [labels['result'] ?? '', value]));
  };

  it('loads what it misses, and then has it', async () => {
    expect(await read('MUG')).toEqual({ sku: 'MUG', priceMinor: 990 });
    expect(await read('MUG')).toEqual({ sku: 'MUG', priceMinor: 990 });
    expect(asked).toEqual(['MUG']);
    expect(await results()).toEqual({ miss: 1, hit: 1 });
    expect(await direct.pttl('product:MUG')).toBeGreaterThan(30_000);
  });

  it('remembers that there is nothing, so that it is asked for once', async () => {
    expect(await read('NONE')).toBeUndefined();
    expect(await read('NONE')).toBeUndefined();
    expect(asked).toEqual(['NONE']);
    expect(await results()).toEqual({ miss: 1, absent: 1 });
    expect(await direct.pttl('product:NONE')).toBeLessThanOrEqual(30_000);
  });

  it('loads again what was changed', async () => {
    await read('MUG');
    await read('NEW');
    database.set('MUG', { sku: 'MUG', priceMinor: 1_090 }).set('NEW', { sku: 'NEW', priceMinor: 1 });
    await cache.invalidate(['MUG', 'NEW']);
    await cache.invalidate([]);
    expect(await read('MUG')).toEqual({ sku: 'MUG', priceMinor: 1_090 });
    expect(await read('NEW')).toEqual({ sku: 'NEW', priceMinor: 1 });
  });

  it.each([
    ['what is not JSON', '{"sku":'],
    ['another shape', '{"sku":"MUG","priceMinor":"free"}'],
    ['null', 'null'],
  ])('drops %s that somebody wrote into it', async (_, poison) => {
    await direct.set('product:MUG', poison);
    expect(await read('MUG')).toEqual({ sku: 'MUG', priceMinor: 990 });
    expect(await results()).toEqual({ unreadable: 1 });
    expect(JSON.parse((await direct.get('product:MUG')) ?? '')).toEqual({ sku: 'MUG', priceMinor: 990 });
  });

  it('reads from the database while Redis is down, and uses Redis when it is back', async () => {
    await read('MUG');
    await redis.kill();
    expect(await read('MUG')).toEqual({ sku: 'MUG', priceMinor: 990 });
    expect(await read('NONE')).toBeUndefined();
    await cache.invalidate(['MUG']);
    expect(await results()).toEqual({ miss: 1, unavailable: 2 });
    await redis.start();
    await waitUntil('a read is a hit again', deadlineMs, async () => {
      await read('MUG');
      return (await results())['hit'] === undefined ? undefined : true;
    });
  });
});
