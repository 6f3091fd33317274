import { beforeAll, describe, expect, it } from '@jest/globals';
import type { PlatformStatus } from '#cli/launcher/inspect-platform.js';
import { usePlatform } from '../e2e/platform.js';
import { Customer, listProducts, type Product, ShopClient } from '../e2e/shop-client.js';
import { waitUntil } from '../e2e/wait-until.js';
import { ControlClient } from './control-client.js';
import { FINAL_DEADLINE_MS, OrderStream } from './order-stream.js';
import { describeSilence } from './silent-participant.js';
import { describeTraffic } from './traffic.js';

const VICTIMS = [
  'order-1',
  'inventory-1',
  'account-1',
  'coordinator-1',
  'coordinator-2',
  'search',
  'redis',
  'nginx',
  'registry',
  'supervisor',
  'a replica',
  'the primary',
];
const ORDERS = 60;
const KILL_AFTER = 15;
const RESTART_DEADLINE_MS = 60_000;

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

  const synchronize = async (synchronous: string): Promise<void> => {
    const control = new ControlClient(platform().url, platform().adminToken);
    // There may be no primary for a moment.
    await waitUntil(`synchronous: ${synchronous}`, FINAL_DEADLINE_MS, () =>
      control.setSynchronous(synchronous).then(
        () => true,
        () => undefined,
      ),
    );
  };

  /** From here on no failover loses what was acknowledged. */
  async function waitForReplicas(): Promise<void> {
    await synchronize('flush');
    // The processes hear of the replicas that confirm with their next look at the primary.
    const name = 'a write that a replica confirms';
    await waitUntil(name, FINAL_DEADLINE_MS, () => Customer.open(platform().url, 1).catch(() => undefined));
  }

  it.each(VICTIMS)('%s', async (victim) => {
    const stream = await OrderStream.open(platform().url, { products });
    if (victim === 'the primary') await waitForReplicas();
    const { name, pid } = await find(victim);

    await stream.place(ORDERS, (placed) => {
      if (placed === KILL_AFTER) process.kill(pid, 'SIGKILL');
    });

    await waitUntil(`a new ${name}`, RESTART_DEADLINE_MS, async () => {
      const { processes } = await platform().status();
      const back = processes.find((entry) => entry.name === name && entry.state === 'ready');
      if (back === undefined || back.pid === pid) return undefined;
      // Another one is the primary now.
      return victim !== 'the primary' || back.role?.startsWith('replica') === true ? true : undefined;
    });
    const orders = await stream.settle();
    expect(orders.filter((order) => order.status === 'CONFIRMED').length).toBeGreaterThan(0);
    const { expected, actual } = await stream.balances();
    expect(actual).toEqual(expected);
    expect((await platform().verify()).laws.filter((law) => !law.ok)).toEqual([]);
    if (victim === 'the primary') await synchronize('none');
  });

  async function find(victim: string): Promise<PlatformStatus['processes'][number]> {
    const { processes } = await platform().status();
    const found = processes.find(({ name, role }) => {
      if (victim === 'the primary') return role === 'primary';
      if (victim === 'a replica') return role?.startsWith('replica');
      return name === victim;
    });
    if (found === undefined) throw new Error(`${victim} does not run: ${JSON.stringify(processes)}`);
    return found;
  }

  describeSilence(platform, () => products.slice(0, 2));
  describeTraffic(platform, () => products[0]);

  it('goes on reading products and taking orders while Redis is silent', async () => {
    const redis = await platform().pidOf('redis');
    process.kill(redis, 'SIGSTOP');
    try {
      const client = new ShopClient(platform().url);
      expect((await client.get(`/api/products/${products[0]?.sku}`)).status).toBe(200);
      expect((await client.get('/api/products/NO-SUCH-SKU')).status).toBe(404);
      const stream = await OrderStream.open(platform().url, { products });
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
