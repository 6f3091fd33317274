import { beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { Redis } from 'ioredis';
import { waitUntil } from '../e2e/wait-until.js';
import { options, type SourceForTest, type PricedProduct, type ProcessForTest } from './cache-for-test.js';
import { useCaches } from './use-caches.js';

/** A real server takes its time on a busy machine. */
jest.setTimeout(120_000);

const deadlineMs = 30_000;

describe('a cache', () => {
  const caches = useCaches();
  let direct: Redis;
  let source: SourceForTest;
  let shop: ProcessForTest<PricedProduct>;

  beforeEach(async () => {
    ({ direct, source } = caches());
    shop = await caches().newProcess();
  });

  const priceOf = async (sku: string): Promise<number | undefined> =>
    (await shop.read(sku)).value?.priceMinor;

  it('loads what it misses, and then has it', async () => {
    expect(await shop.read('MUG')).toMatchObject({ value: { sku: 'MUG', priceMinor: 990 }, from: 'source' });
    expect(await shop.read('MUG')).toMatchObject({ value: { sku: 'MUG', priceMinor: 990 }, from: 'cache' });
    expect(source.asked).toEqual(['MUG']);
    expect(await shop.results()).toEqual({ miss: 1, hit: 1 });
  });

  it('remembers that there is nothing, for a shorter time, so that it is asked for once', async () => {
    expect(await priceOf('NONE')).toBeUndefined();
    expect(await priceOf('NONE')).toBeUndefined();
    expect(source.asked).toEqual(['NONE']);
    expect(await shop.results()).toEqual({ miss: 1, absent: 1 });
    expect(await direct.pttl('product:NONE')).toBeLessThanOrEqual(options.absentTtlMs * 1.5);
    shop.passes(options.absentTtlMs * 1.5);
    expect(await priceOf('NONE')).toBeUndefined();
    expect(source.asked).toEqual(['NONE', 'NONE']);
  });

  it('does not remember it without null markers', async () => {
    shop.switches.nullMarker = false;
    await priceOf('NONE');
    await priceOf('NONE');
    expect(source.asked).toEqual(['NONE', 'NONE']);
    expect(await direct.exists('product:NONE')).toBe(0);
  });

  it('tells how old a value is, and shows it while it is fetched anew', async () => {
    shop.switches.jitter = false;
    await priceOf('MUG');
    source.write('MUG', 1_090);
    shop.passes(options.ttlMs);
    const stale = await shop.read('MUG');
    expect(stale).toMatchObject({ value: { priceMinor: 990 }, from: 'cache' });
    expect(stale.ageMs).toBeGreaterThanOrEqual(options.ttlMs);
    await waitUntil('the value is fetched anew', deadlineMs, async () =>
      (await priceOf('MUG')) === 1_090 ? true : undefined,
    );
    expect(source.asked).toEqual(['MUG', 'MUG']);
  });

  it.each([
    ['long after it expired', options.ttlMs + options.staleMs, true],
    ['at once when stale values are switched off', options.ttlMs, false],
  ])('shows no value that expired, %s', async (_, passedMs, staleWhileRevalidate) => {
    Object.assign(shop.switches, { staleWhileRevalidate, jitter: false });
    await priceOf('MUG');
    source.write('MUG', 1_090);
    shop.passes(passedMs);
    expect(await priceOf('MUG')).toBe(1_090);
  });

  it('has something old for those who would rather have it than nothing', async () => {
    expect(await shop.cache.peek('MUG')).toBeUndefined();
    await priceOf('MUG');
    await shop.cache.invalidate(['MUG']);
    shop.passes(options.mostStaleMs / 2);
    expect(await shop.cache.peek('MUG')).toMatchObject({ value: { priceMinor: 990 }, from: 'cache' });
    shop.passes(options.mostStaleMs);
    expect(await shop.cache.peek('MUG')).toBeUndefined();
    expect(await shop.cache.peek('NONE')).toBeUndefined();
    expect(source.asked).toEqual(['MUG']);
  });

  it('is passed by for a reader who wants no cache', async () => {
    await priceOf('MUG');
    const demand = { allowed: false, atLeast: { epoch: 0, lsn: 0n } };
    expect(await shop.read('MUG', demand)).toMatchObject({ from: 'source', ageMs: 0 });
    expect(await shop.results()).toEqual({ miss: 1, bypassed: 1 });
  });

  it.each([
    ['what is not an entry', '{"sku":"MUG","priceMinor":1}'],
    ['nothing', ''],
    ['an entry whose value is not JSON', `V${'0'.repeat(8 + 16)}${'f'.repeat(72)}{"sku":`],
    [
      'an entry with a value of another shape',
      `V${'0'.repeat(24)}${'f'.repeat(72)}{"sku":"MUG","priceMinor":"free"}`,
    ],
    ['an entry with no value', `V${'0'.repeat(24)}${'f'.repeat(72)}null`],
  ])('drops %s that somebody wrote into it, and counts it', async (_, poison) => {
    // Something must be there first that tells this Redis from one that has lost its memory.
    await priceOf('NONE');
    await direct.set('product:MUG', poison);
    expect(await priceOf('MUG')).toBe(990);
    expect(await shop.results()).toMatchObject({ unreadable: 1 });
    expect((await shop.metrics.cacheDropped.get()).values).toMatchObject([{ value: 1 }]);
    expect(await priceOf('MUG')).toBe(990);
    expect(await shop.results()).toMatchObject({ hit: 1 });
  });

  it.each(['product:MUG', 'product@space', 'product@lease:MUG', 'product@known'])(
    'goes on when somebody makes a list of %s',
    async (key) => {
      await priceOf('MUG');
      await direct.del(key);
      await direct.lpush(key, 'poison');
      expect(await priceOf('MUG')).toBe(990);
      await shop.cache.invalidate(['MUG']);
      expect(await priceOf('MUG')).toBe(990);
      expect(await shop.read('MUG')).toMatchObject({ value: { priceMinor: 990 }, from: 'cache' });
    },
  );
});
