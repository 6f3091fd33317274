import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Redis } from 'ioredis';
import { Cache } from '#platform/cache/cache.js';
import {
  newCachingProcess,
  options,
  SourceForTest,
  type PricedProduct,
  type ProcessForTest,
} from './cache-for-test.js';
import { newRedisForTest, type RedisForTest } from './redis-for-test.js';

jest.setTimeout(300_000);

const keys = 1_000;
const atOnce = 500;
/** So long that the time that the test itself takes is nothing. */
const ttlMs = 10 * 3_600_000;
const stepMs = ttlMs / 10;
/** What is loaded in one step when keys expire evenly. */
const base = keys / 10;

/** Keys that were cached in one moment; the clock is the test's, and what is counted are loads. */
describe('keys that would expire together', () => {
  let redis: RedisForTest;
  let source: SourceForTest;
  let shop: ProcessForTest<PricedProduct>;

  beforeAll(async () => {
    redis = await newRedisForTest();
  });
  afterAll(() => redis.remove());
  beforeEach(async () => {
    const direct = new Redis(redis.url);
    await direct.flushall();
    direct.disconnect();
    source = new SourceForTest();
    shop = await newCachingProcess(
      redis.url,
      (parts) => new Cache(parts, { ...options, ttlMs, floorTtlMs: ttlMs }, source),
    );
    Object.assign(shop.switches, { nullMarker: true, staleWhileRevalidate: false });
  });
  afterEach(() => shop.close());

  /** @returns how many were loaded */
  const readAll = async (): Promise<number> => {
    const before = source.asked.length;
    for (let from = 0; from < keys; from += atOnce) {
      await Promise.all(Array.from({ length: atOnce }, (_, index) => shop.read(`P-${from + index}`)));
    }
    return source.asked.length - before;
  };
  const loadsInEachStep = async (): Promise<number[]> => {
    for (let key = 0; key < keys; key += 1) source.write(`P-${key}`, key);
    expect(await readAll()).toBe(keys);
    const loads: number[] = [];
    for (let step = 1; step <= 15; step += 1) {
      shop.passes(stepMs);
      loads.push(await readAll());
    }
    return loads;
  };

  it('are loaded at no more than twice the rate of those that expire evenly', async () => {
    expect(Math.max(...(await loadsInEachStep()))).toBeLessThanOrEqual(2 * base);
  });

  it('are all loaded at once without jitter', async () => {
    shop.switches.jitter = false;
    const loads = await loadsInEachStep();
    expect(Math.max(...loads)).toBe(keys);
  });
});
