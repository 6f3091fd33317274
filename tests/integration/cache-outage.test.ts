import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Redis } from 'ioredis';
import { waitUntil } from '../e2e/wait-until.js';
import {
  newProcessForTest,
  options,
  SourceForTest,
  type PricedProduct,
  type ProcessForTest,
} from './cache-for-test.js';
import { newRedisForTest, type RedisForTest } from './redis-for-test.js';

jest.setTimeout(120_000);

const deadlineMs = 30_000;
const skus = Array.from({ length: 200 }, (_, index) => `P-${index}`);

describe('a cache whose Redis falls out', () => {
  let redis: RedisForTest;
  let source: SourceForTest;
  let reader: ProcessForTest<PricedProduct>;
  let writer: ProcessForTest<PricedProduct>;

  beforeAll(async () => {
    redis = await newRedisForTest();
  });
  afterAll(() => redis.remove());

  beforeEach(async () => {
    const direct = new Redis(redis.url);
    await direct.flushall();
    direct.disconnect();
    source = new SourceForTest();
    for (const sku of ['MUG', ...skus]) source.write(sku, 990);
    reader = await newProcessForTest(redis.url, source);
    writer = await newProcessForTest(redis.url, source);
  });
  afterEach(() => {
    reader.close();
    writer.close();
  });

  const priceAt = async (shop: ProcessForTest<PricedProduct>, sku = 'MUG'): Promise<number | undefined> =>
    (await shop.read(sku)).value?.priceMinor;
  const readAll = (shop: ProcessForTest<PricedProduct>): Promise<unknown> =>
    Promise.all(skus.map((sku) => shop.read(sku)));
  const killAndRestart = async (during: () => Promise<void>): Promise<void> => {
    await redis.kill();
    await Promise.all([reader.isAway(), writer.isAway()]);
    await during();
    await redis.start();
    await Promise.all([reader.isUp(), writer.isUp()]);
  };

  it('loads no key twice: not when Redis dies, not while it is away, not when it is back', async () => {
    await readAll(reader);
    await killAndRestart(async () => {
      await readAll(reader);
      await readAll(reader);
      expect((await reader.results())['copy']).toBe(2 * skus.length);
    });
    await readAll(reader);
    await readAll(reader);
    expect(source.asked).toHaveLength(skus.length);
    // What has expired in between is loaded, and is in Redis for both.
    reader.passes(3 * options.ttlMs);
    await readAll(reader);
    await readAll(writer);
    expect(source.asked).toHaveLength(2 * skus.length);
    expect(await writer.results()).toEqual({ hit: skus.length });
  });

  it('loads every read of it when the protection is off', async () => {
    reader.switches.localCopies = false;
    await readAll(reader);
    await killAndRestart(async () => {
      await readAll(reader);
      await readAll(reader);
    });
    expect(source.asked).toHaveLength(3 * skus.length);
    expect((await reader.results())['unavailable']).toBe(2 * skus.length);
  });

  it('runs no more than eight loads at once, and shares those of one key', async () => {
    reader.switches.localCopies = false;
    await killAndRestart(async () => {
      const release = source.holdLoads();
      const reads = Promise.all([...skus, ...skus].map((sku) => priceAt(reader, sku)));
      await waitUntil('eight loads are under way', deadlineMs, () =>
        source.asked.length === 8 ? true : undefined,
      );
      const bounded = reader.switches;
      bounded.boundedLoads = false;
      void priceAt(reader, 'MUG');
      await waitUntil('one runs past the bound', deadlineMs, () =>
        source.asked.includes('MUG') ? true : undefined,
      );
      expect(source.asked).toHaveLength(9);
      release();
      await reads;
      expect(source.asked).toHaveLength(skus.length + 1);
    });
  });

  it('shows a write of its own process while Redis is away, and every write when it is back', async () => {
    await Promise.all([priceAt(reader), priceAt(writer)]);
    await killAndRestart(async () => {
      source.write('MUG', 1_090);
      await writer.cache.invalidate(['MUG']);
      expect(await priceAt(writer)).toBe(1_090);
      expect((await writer.invalidations())['kept']).toBe(1);
    });
    expect(await writer.invalidations()).toEqual({ kept: 1, done: 1 });
    // Until then the other process may show its copy, for two TTLs at most.
    reader.passes(2 * options.ttlMs);
    expect(await priceAt(reader)).toBe(1_090);
  });

  it('tells a Redis that has kept its memory of the writes it has not heard of, before it believes it', async () => {
    await Promise.all([priceAt(reader), priceAt(writer)]);
    redis.pause();
    try {
      await Promise.all([priceAt(reader), priceAt(writer)]);
      await Promise.all([reader.isAway(), writer.isAway()]);
      source.write('MUG', 1_090);
      await writer.cache.invalidate(['MUG']);
      expect(await writer.invalidations()).toEqual({ kept: 1 });
    } finally {
      redis.resume();
    }
    await Promise.all([reader.isUp(), writer.isUp()]);
    expect(await writer.invalidations()).toEqual({ kept: 1, done: 1 });
    expect([await priceAt(reader), await priceAt(writer)]).toEqual([1_090, 1_090]);
  });

  it('calls everything outdated when there were more such writes than it can keep', async () => {
    await Promise.all([priceAt(reader), priceAt(writer)]);
    redis.pause();
    try {
      await Promise.all([priceAt(reader), priceAt(writer)]);
      await Promise.all([reader.isAway(), writer.isAway()]);
      source.write('MUG', 1_090);
      await writer.cache.invalidate(['MUG']);
      source.write('OTHER', 1);
      await writer.cache.invalidate(Array.from({ length: 10_000 }, (_, index) => `X-${index}`));
    } finally {
      redis.resume();
    }
    await Promise.all([reader.isUp(), writer.isUp()]);
    expect((await writer.invalidations())['everything']).toBe(1);
    expect([await priceAt(reader), await priceAt(writer)]).toEqual([1_090, 1_090]);
  });

  it('answers a reader who demands more than its copy shows from the database', async () => {
    await priceAt(reader);
    await killAndRestart(async () => {
      const atLeast = source.write('MUG', 1_090);
      const { value } = await reader.read('MUG', { allowed: true, atLeast });
      expect(value?.priceMinor).toBe(1_090);
    });
  });
});
