import { beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { Redis } from 'ioredis';
import type { CacheDemand } from '#platform/cache/cache-options.js';
import { waitUntil } from '../e2e/wait-until.js';
import {
  newProcessForTest,
  SourceForTest,
  type PricedProduct,
  type ProcessForTest,
} from './cache-for-test.js';
import type { RedisForTest } from './redis-for-test.js';
import { useCaches } from './use-caches.js';

jest.setTimeout(120_000);

const deadlineMs = 30_000;

/**
 * What was read before a write is not stored after it. Nothing here depends on who is faster: the test holds up the loads,
 * and lets them go on when the write is over.
 */
describe('a cache and the writes behind it', () => {
  const caches = useCaches();
  let redis: RedisForTest;
  let direct: Redis;
  let source: SourceForTest;
  /** Two processes with one Redis. */
  let reader: ProcessForTest<PricedProduct>;
  let writer: ProcessForTest<PricedProduct>;

  beforeEach(async () => {
    ({ redis, direct, source } = caches());
    reader = await caches().newProcess();
    writer = await caches().newProcess();
  });

  const priceAt = async (
    shop: ProcessForTest<PricedProduct>,
    demand?: CacheDemand,
  ): Promise<number | undefined> => (await shop.read('MUG', demand)).value?.priceMinor;
  const change = async (priceMinor: number): Promise<void> => {
    source.write('MUG', priceMinor);
    await writer.cache.invalidate(['MUG']);
  };
  const untilAsked = (times: number): Promise<true> =>
    waitUntil('the load is under way', deadlineMs, () => (source.asked.length === times ? true : undefined));

  it('has a written value loaded again, in every process', async () => {
    expect([await priceAt(reader), await priceAt(writer)]).toEqual([990, 990]);
    await change(1_090);
    expect([await priceAt(reader), await priceAt(writer)]).toEqual([1_090, 1_090]);
    expect(source.asked).toHaveLength(2);
  });

  it('shows at once what was created, though it was cached as absent', async () => {
    const read = async (): Promise<number | undefined> => (await reader.read('NEW')).value?.priceMinor;
    expect([await read(), await read()]).toEqual([undefined, undefined]);
    expect(await reader.results()).toEqual({ miss: 1, absent: 1 });
    source.write('NEW', 500);
    await writer.cache.invalidate(['NEW']);
    expect([await read(), await read()]).toEqual([500, 500]);
  });

  it('refuses a value that was read before the write and arrives after it', async () => {
    const release = source.holdLoads();
    const slow = priceAt(reader);
    await untilAsked(1);
    await change(1_090);
    release();
    expect(await slow).toBe(990);
    expect(await reader.stores()).toEqual({ 'lease-lost': 1 });
    expect([await priceAt(reader), await priceAt(writer)]).toEqual([1_090, 1_090]);
  });

  it('refuses it, too, when another reader has stored the new value in between', async () => {
    const release = source.holdLoads();
    const slow = priceAt(reader);
    await untilAsked(1);
    await change(1_090);
    // Not behind the same gate.
    const other = new SourceForTest();
    for (const price of [990, 1_090]) other.write('MUG', price);
    const third = await newProcessForTest(redis.url, other);
    expect(await priceAt(third)).toBe(1_090);
    third.close();
    release();
    expect(await slow).toBe(990);
    expect(await priceAt(writer)).toBe(1_090);
    expect(await writer.results()).toEqual({ hit: 1 });
  });

  it('is filled with old values by the same race when the protection is off', async () => {
    reader.switches.versions = false;
    writer.switches.versions = false;
    const release = source.holdLoads();
    const slow = priceAt(reader);
    await untilAsked(1);
    await change(1_090);
    release();
    await slow;
    expect([await priceAt(reader), await priceAt(writer)]).toEqual([990, 990]);
  });

  it('is not filled by a replica that is behind the write', async () => {
    await priceAt(reader);
    source.freezeReplica();
    await change(1_090);
    expect(await priceAt(reader)).toBe(1_090);
    expect(source.askedPrimary).toEqual(['MUG']);
    expect(await priceAt(writer)).toBe(1_090);
    expect(await writer.results()).toEqual({ hit: 1 });
  });

  it('asks the primary when a replica is behind what Redis has forgotten', async () => {
    await priceAt(reader);
    source.freezeReplica();
    source.write('MUG', 1_090);
    // The floor of that write is lost with everything else.
    await direct.flushall();
    reader.switches.localCopies = false;
    expect(await priceAt(reader)).toBe(1_090);
    expect(source.askedPrimary).toEqual(['MUG']);
  });

  it('lets a floor live longer than what is stored above it', async () => {
    await priceAt(reader);
    await change(1_090);
    await priceAt(reader);
    expect((await direct.get('product:MUG'))?.slice(1, 25)).not.toBe('0'.repeat(24));
    expect(await direct.pttl('product:MUG')).toBeGreaterThan(50_000);
  });

  it('keeps a value that was read after a write which is told of late', async () => {
    const position = source.write('MUG', 1_090);
    source.write('OTHER', 1);
    await priceAt(reader);
    // A process that was slow to tell of the write, with the position of then.
    const late = new SourceForTest();
    late.write('MUG', 990);
    late.write('MUG', 1_090);
    expect(await late.position()).toEqual(position);
    const slow = await newProcessForTest(redis.url, late);
    await slow.cache.invalidate(['MUG']);
    slow.close();
    expect(await priceAt(reader)).toBe(1_090);
    expect(await reader.results()).toEqual({ miss: 1, hit: 1 });
  });

  it('gives no reader less than it has seen', async () => {
    await priceAt(reader);
    // The write is acknowledged and its session reads before Redis knows.
    const written = source.write('MUG', 1_090);
    expect(await priceAt(reader)).toBe(990);
    expect(await priceAt(reader, { allowed: true, atLeast: written })).toBe(1_090);
    expect(await reader.results()).toEqual({ miss: 1, hit: 1, behind: 1 });
  });

  it('gives who waits for another’s load no less than it has seen', async () => {
    const release = source.holdLoads();
    const first = priceAt(reader);
    await untilAsked(1);
    const written = source.write('MUG', 1_090);
    const second = priceAt(reader, { allowed: true, atLeast: written });
    release();
    expect(await Promise.all([first, second])).toEqual([990, 1_090]);
    expect(source.asked).toHaveLength(2);
  });

  it('forgets what it saw in an epoch that has ended', async () => {
    await priceAt(reader);
    source.failOver();
    expect([await priceAt(reader), await priceAt(writer)]).toEqual([990, 990]);
    expect(source.asked).toHaveLength(2);
    expect(await writer.results()).toEqual({ hit: 1 });
  });

  it('tells Redis of a write when the primary can be asked again', async () => {
    await priceAt(reader);
    source.write('MUG', 1_090);
    source.failure = new Error('no primary');
    await writer.cache.invalidate(['MUG']);
    expect(await writer.invalidations()).toEqual({ kept: 1 });
    source.failure = undefined;
    await waitUntil('Redis is told', deadlineMs, async () =>
      (await writer.invalidations())['done'] === 1 ? true : undefined,
    );
    expect(await priceAt(reader)).toBe(1_090);
  });
});
