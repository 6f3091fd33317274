import { describe, expect, it } from '@jest/globals';
import { describeContract, localShop } from './contract.js';
import { usePlatform } from './platform.js';
import { Customer, orderSchema, plentifulProducts, ShopClient } from './shop-client.js';
import { waitUntil } from './wait-until.js';

const RESTART_DEADLINE_MS = 30_000;

describe('stage 3, three copies among which clients choose', () => {
  const platform = usePlatform(3);
  describeContract(() => localShop(platform()));

  const copies = async (): Promise<ShopClient[]> => {
    const { processes } = await platform().status();
    const ports = processes.filter(({ name }) => name.startsWith('monolith-')).map(({ port }) => port);
    expect(ports).toEqual([0, 1, 2].map((index) => platform().port + index));
    return ports.map((port) => new ShopClient(`http://127.0.0.1:${port}`));
  };

  it('shows at each copy what was ordered at another', async () => {
    const customer = await Customer.open(platform().url);
    const [{ sku }] = await plentifulProducts(customer);
    const placed = await customer.postOrder({ items: [{ sku, quantity: 1 }] });
    expect(placed.status).toBe(201);
    const { id } = orderSchema.parse(placed.body);
    for (const { baseUrl } of await copies()) {
      const answer = await new ShopClient(baseUrl, customer.token).get(`/api/orders/${id}`);
      expect([answer.status, answer.body]).toEqual([200, placed.body]);
    }
  });

  it('goes on at the other copies while one is silent, and has that one back at its own address', async () => {
    const [first, second, third] = (await copies()) as [ShopClient, ShopClient, ShopClient];
    const pid = await platform().pidOf('monolith-2');
    process.kill(pid, 'SIGSTOP');
    try {
      expect((await first.get('/api/products')).status).toBe(200);
      expect((await third.get('/api/products')).status).toBe(200);
    } finally {
      process.kill(pid, 'SIGKILL');
    }
    await waitUntil('the second copy, which was started again', RESTART_DEADLINE_MS, async () => {
      const answer = await second.get('/api/products').catch(() => undefined);
      return answer?.status === 200 ? true : undefined;
    });
  });
});
