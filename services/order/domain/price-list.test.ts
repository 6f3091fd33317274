import { beforeEach, describe, expect, it } from '@jest/globals';
import { Problem } from '#platform/errors/problem.js';
import { PriceList } from './price-list.js';

describe('the price list', () => {
  let prices: Map<string, number>;
  let asked: string[][];
  let fault: Error | undefined;
  let nowMs: number;
  let list: PriceList;

  beforeEach(() => {
    prices = new Map([
      ['MUG', 990],
      ['LAMP', 5_990],
    ]);
    asked = [];
    fault = undefined;
    nowMs = 1_000_000;
    const quote = async (skus: readonly string[]): Promise<ReadonlyMap<string, number>> => {
      asked.push([...skus]);
      if (fault !== undefined) throw fault;
      return new Map([...prices].filter(([sku]) => skus.includes(sku)));
    };
    list = new PriceList({ quote }, () => nowMs);
  });

  const quote = (...skus: string[]): ReturnType<PriceList['quote']> => list.quote(skus, nowMs + 1_000);
  const down = (): void => {
    fault = new Problem('upstream-unavailable');
  };

  it('asks for what it has not seen in the last 30 s', async () => {
    expect(await quote('MUG')).toEqual(new Map([['MUG', 990]]));
    nowMs += 29_999;
    expect(await quote('MUG', 'LAMP')).toEqual(
      new Map([
        ['MUG', 990],
        ['LAMP', 5_990],
      ]),
    );
    nowMs += 1;
    await quote('MUG', 'LAMP');
    expect(asked).toEqual([['MUG'], ['LAMP'], ['MUG']]);
  });

  it('hears of a new price once the old one was refused', async () => {
    await quote('MUG');
    prices.set('MUG', 1_090);
    expect(await quote('MUG')).toEqual(new Map([['MUG', 990]]));
    list.forget(['MUG']);
    expect(await quote('MUG')).toEqual(new Map([['MUG', 1_090]]));
  });

  it('tells what is not sold, and asks again later', async () => {
    expect(await quote('NEW')).toEqual(new Map([['NEW', undefined]]));
    prices.set('NEW', 1);
    nowMs += 1_000;
    expect(await quote('NEW')).toEqual(new Map([['NEW', 1]]));
  });

  it('goes on with old prices while inventory does not answer', async () => {
    await quote('MUG');
    down();
    nowMs += 60_000;
    expect(await quote('MUG')).toEqual(new Map([['MUG', 990]]));
  });

  it('knows no price that it has never seen, and no longer that something is not sold', async () => {
    await quote('MUG', 'NEW');
    down();
    nowMs += 60_000;
    expect(await quote('MUG', 'LAMP')).toBe('unavailable');
    expect(await quote('NEW')).toBe('unavailable');
  });

  it('does not hide another fault', async () => {
    fault = new Error('a bug');
    await expect(quote('MUG')).rejects.toThrow('a bug');
  });

  it('forgets what it has not heard of for longest, beyond 10 000 prices', async () => {
    await quote('MUG');
    await quote(...Array.from({ length: 9_999 }, (_, i) => `FILL-${i}`));
    await quote('LAMP');
    asked = [];
    await quote('FILL-0', 'LAMP');
    expect(asked).toEqual([]);
    await quote('MUG');
    expect(asked).toEqual([['MUG']]);
  });
});
