import { beforeAll, describe, expect, it } from '@jest/globals';
import { usePlatform } from '../e2e/platform.js';
import { listProducts, type Product, ShopClient } from '../e2e/shop-client.js';
import { waitUntil } from '../e2e/wait-until.js';
import { FINAL_DEADLINE_MS, OrderStream } from './order-stream.js';
import { describeSilence } from './silent-participant.js';

const VICTIMS = [
  'order-1',
  'inventory-1',
  'account-1',
  'coordinator',
  'redis',
  'nginx',
  'postgres',
  'registry',
];
const ORDERS = 60;
const KILL_AFTER = 15;
const RESTART_DEADLINE_MS = 30_000;

/**
 * Kills each process in turn while orders come in, and shows that no order is lost, half done or done twice:
 * every one becomes final, the same key tells how, the balances fit, and the invariants hold.
 */
describe('a process is killed while orders come in', () => {
  const platform = usePlatform(10);
  let products: Product[];

  beforeAll(async () => {
    products = (await listProducts(new ShopClient(platform().url))).filter(
      ({ available }) => available > ORDERS * 20,
    );
  });

  it.each(VICTIMS)('%s', async (victim) => {
    const stream = await OrderStream.open(platform().url, products);
    const victimPid = await platform().pidOf(victim);

    await stream.place(ORDERS, (placed) => {
      if (placed === KILL_AFTER) process.kill(victimPid, 'SIGKILL');
    });

    await waitUntil(`a new ${victim}`, RESTART_DEADLINE_MS, async () => {
      const { processes } = await platform().status();
      const isBack = processes.some(
        ({ name, pid, state }) => name === victim && pid !== victimPid && state === 'ready',
      );
      return isBack ? true : undefined;
    });
    const orders = await stream.settle();
    expect(orders.filter((order) => order.status === 'CONFIRMED').length).toBeGreaterThan(0);
    const { expected, actual } = await stream.balances();
    expect(actual).toEqual(expected);
    expect((await platform().verify()).laws.filter((law) => !law.ok)).toEqual([]);
  });

  describeSilence(platform, () => products.slice(0, 2));

  it('goes on reading products and taking orders while Redis is silent', async () => {
    const redis = await platform().pidOf('redis');
    process.kill(redis, 'SIGSTOP');
    try {
      const client = new ShopClient(platform().url);
      expect((await client.get(`/api/products/${products[0]?.sku}`)).status).toBe(200);
      expect((await client.get('/api/products/NO-SUCH-SKU')).status).toBe(404);
      const stream = await OrderStream.open(platform().url, products);
      await stream.place(6, () => undefined);
      await stream.settle();
    } finally {
      process.kill(redis, 'SIGCONT');
    }
    await waitUntil('a cache that works again', FINAL_DEADLINE_MS, async () => {
      const { processes } = await platform().status();
      return processes.every((entry) => entry.state === 'ready') ? true : undefined;
    });
  });
});
