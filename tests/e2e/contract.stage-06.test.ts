import { randomUUID } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { describeContract, localShop } from './contract.js';
import { expectProblem } from './expect-problem.js';
import { placeOrder } from './place-order.js';
import { usePlatform } from './platform.js';
import { Customer, plentifulProducts, productPageSchema, ShopClient } from './shop-client.js';
import { waitUntil } from './wait-until.js';

const deadlineMs = 30_000;

describe('stage 6, the search beside the shop', () => {
  const platform = usePlatform(6);
  describeContract(() => localShop(platform()));

  const skusFor = async (query: string, consistency: string): Promise<string[]> => {
    const guest = new ShopClient(platform().url);
    const headers = { 'x-consistency': consistency };
    const { status, body } = await guest.get(`/api/products?query=${query}`, { headers });
    expect(status).toBe(200);
    return productPageSchema.parse(body).items.map(({ sku }) => sku);
  };

  it('has lists answered by the search, and everything else by the shop', async () => {
    const customer = await Customer.open(platform().url);
    const servedBy = async (path: string): Promise<string | null> =>
      (await customer.get(path)).headers.get('x-served-by');
    for (const path of ['/api/products', '/api/products?query=mug&page=2'])
      expect([path, await servedBy(path)]).toEqual([path, 'search']);
    for (const path of ['/api/products/SOLD-OUT', '/api/orders', '/api/docs', '/control/topology'])
      expect([path, await servedBy(path)]).toEqual([path, expect.stringMatching(/^monolith-\d$/)]);
  });

  it('finds a product that is added at once for who demands it, and soon for everybody', async () => {
    const admin = new ShopClient(platform().url, platform().adminToken);
    for (let turn = 0; turn < 5; turn += 1) {
      const sku = `NEW-${randomUUID().slice(0, 8).toUpperCase()}`;
      const body = { sku, name: 'Something new', priceMinor: 1_250, available: 5 };
      expect((await admin.call('POST', '/control/products', { body })).status).toBe(201);
      expect(await skusFor(sku, 'strong')).toEqual([sku]);
      await waitUntil(`${sku} is found`, deadlineMs, async () =>
        (await skusFor(sku.toLowerCase(), 'eventual')).length > 0 ? true : undefined,
      );
    }
  });

  it('fails alone: while it is gone product pages and orders go on, and lists say what is the matter', async () => {
    const customer = await Customer.open(platform().url);
    const [{ sku }] = await plentifulProducts(customer);
    const search = await platform().pidOf('search');
    // Paused it stays gone for as long as the test looks; nobody starts another in its place.
    process.kill(search, 'SIGSTOP');
    try {
      const list = await customer.get('/api/products');
      expectProblem(list, 504, 'upstream-timeout');
      expect((await customer.get(`/api/products/${sku}`)).status).toBe(200);
      expect((await placeOrder(customer, { items: [{ sku, quantity: 1 }] })).status).toBe(201);
    } finally {
      process.kill(search, 'SIGCONT');
    }
    process.kill(search, 'SIGKILL');
    expect((await customer.get(`/api/products/${sku}`)).status).toBe(200);
    expect((await placeOrder(customer, { items: [{ sku, quantity: 1 }] })).status).toBe(201);
    await waitUntil('lists are answered again', deadlineMs, async () => {
      const answer = await customer.get('/api/products');
      if (answer.status !== 200) expectProblem(answer, 502, 'upstream-unavailable');
      return answer.status === 200 ? true : undefined;
    });
    expect(await platform().pidOf('search')).not.toBe(search);
  });
});
