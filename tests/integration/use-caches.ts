import { afterAll, afterEach, beforeAll, beforeEach } from '@jest/globals';
import { Redis } from 'ioredis';
import {
  newProcessForTest,
  SourceForTest,
  type PricedProduct,
  type ProcessForTest,
} from './cache-for-test.js';
import { newRedisForTest, type RedisForTest } from './redis-for-test.js';

export interface CachesForTest {
  readonly redis: RedisForTest;
  /** To look at Redis past the caches. */
  readonly direct: Redis;
  /** New for each test; it has one product, MUG for 990. */
  readonly source: SourceForTest;
  /** One more process that caches the source's products in Redis; the test need not close it. */
  newProcess(): Promise<ProcessForTest<PricedProduct>>;
}

/** A real Redis for all tests of a describe, empty before each. */
export function useCaches(): () => CachesForTest {
  let redis: RedisForTest;
  let direct: Redis;
  let source: SourceForTest;
  let processes: ProcessForTest<PricedProduct>[] = [];
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
    source = new SourceForTest();
    source.write('MUG', 990);
  });
  afterEach(() => {
    for (const process of processes) process.close();
    processes = [];
  });
  const newProcess = async (): Promise<ProcessForTest<PricedProduct>> => {
    const process = await newProcessForTest(redis.url, source);
    processes.push(process);
    return process;
  };
  return () => ({ redis, direct, source, newProcess });
}
