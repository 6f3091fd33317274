import { describe, expect, it } from '@jest/globals';
import { type Counts, countsIn, since } from '#cli/lab/cache/inventory-metrics.js';
import { describeContract, localShop } from './contract.js';
import { usePlatform } from './platform.js';
import { listProducts, ShopClient } from './shop-client.js';

const READS = 60;
/** Each copy asks once, and again when what it has is too old or was just sold. */
const MOST_QUERIES = 15;

describe('stage 7, Redis in front of the read path', () => {
  const platform = usePlatform(7);
  describeContract(() => localShop(platform()));

  /** What the copies have counted since they started. */
  const countAll = async (): Promise<Counts[]> => {
    const { processes } = await platform().status();
    const copies = processes.filter(({ name }) => name.startsWith('monolith-'));
    const pages = copies.map(({ port }) =>
      fetch(`http://127.0.0.1:${port}/metrics`).then((page) => page.text()),
    );
    return (await Promise.all(pages)).map(countsIn);
  };

  it.each(['a product', 'an absent one'])('asks the database for few of many reads of %s', async (which) => {
    const guest = new ShopClient(platform().url);
    const [product] = await listProducts(guest);
    const path = `/api/products/${which === 'a product' ? product?.sku : 'NO-SUCH-SKU'}`;
    const before = await countAll();
    for (let read = 0; read < READS; read += 1) await guest.get(path);
    const changes = (await countAll()).map((counts, copy) => since(counts, before[copy] as Counts));
    const total = (of: (counts: Counts) => number): number => changes.reduce((sum, one) => sum + of(one), 0);
    expect(total(({ reads }) => reads)).toBe(READS);
    expect(total(({ queries }) => queries)).toBeLessThanOrEqual(MOST_QUERIES);
  });
});
