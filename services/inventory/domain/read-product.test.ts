import { describe, expect, it } from '@jest/globals';
import type { Found } from '#platform/cache/cache-options.js';
import type { CacheDemand } from '#platform/consistency/reads.js';
import { startPosition } from '#platform/postgres/position.js';
import { readStaleProduct } from './read-product.js';

describe('an old product in place of the present one', () => {
  const atMost = { epoch: 1, lsn: 70n };
  const old: Found<string> = { value: 'a mug', from: 'cache', ageMs: 30_000, atMost };

  const read = async (demand: CacheDemand, found: Found<string> | undefined) => {
    const told: number[] = [];
    const reads = { cacheDemand: () => demand, servedFromCache: (ageMs: number) => void told.push(ageMs) };
    const shown = await readStaleProduct({ peek: () => Promise.resolve(found) }, reads, 'MUG');
    return { shown, told };
  };

  it('is shown to readers who were promised nothing better, and told to them', async () => {
    const { shown, told } = await read({ allowed: true, atLeast: startPosition }, old);
    expect([shown, told]).toEqual([{ value: 'a mug', ageMs: 30_000 }, [30_000]]);
  });

  it.each([
    ['to readers of the primary', { allowed: false, atLeast: startPosition }],
    ['to readers who have written or seen something', { allowed: true, atLeast: { epoch: 1, lsn: 7n } }],
  ])('is not shown %s', async (_name, demand) => {
    expect(await read(demand, old)).toEqual({ shown: undefined, told: [] });
  });

  it('is not there where the cache has none, or only knows that there is no such product', async () => {
    const demand = { allowed: true, atLeast: startPosition };
    for (const found of [undefined, { ...old, value: undefined }])
      expect(await read(demand, found)).toEqual({ shown: undefined, told: [] });
  });
});
