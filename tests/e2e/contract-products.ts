import { randomUUID } from 'node:crypto';
import { expect, it } from '@jest/globals';
import type { Shop } from './contract.js';
import { expectProblem } from './expect-problem.js';
import { listProducts, productPageSchema, productSchema, ShopClient, type Answer } from './shop-client.js';
import { waitUntil } from './wait-until.js';

const deadlineMs = 10_000;

export function describeProducts(shop: () => Shop): void {
  const guest = (): ShopClient => new ShopClient(shop().url);
  const page = async (query: string) => {
    const answer = await guest().get(`/api/products${query}`);
    expect(answer.status).toBe(200);
    return productPageSchema.parse(answer.body);
  };

  const add = (client: ShopClient, body: object): Promise<Answer> =>
    client.call('POST', '/control/products', { body });

  it('lists the catalogue in pages that do not overlap', async () => {
    const all = await listProducts(guest());
    const skus = all.map((product) => product.sku);
    expect(new Set(skus).size).toBe(skus.length);
    const first = await page('?page=1&pageSize=2');
    const second = await page('?page=2&pageSize=2');
    expect([first.page, first.pageSize, first.total]).toEqual([1, 2, all.length]);
    expect([...first.items, ...second.items].map((product) => product.sku)).toEqual(skus.slice(0, 4));
  });

  it('answers a page after the last one with no items', async () => {
    const { items, total } = await page('?page=1000&pageSize=10');
    expect(items).toEqual([]);
    expect(total).toBe((await page('')).total);
  });

  it('finds products by a part of their name, in any case', async () => {
    const [{ name, sku } = { name: '', sku: '' }] = (await page('?pageSize=1')).items;
    const word = name.split(' ')[0] ?? '';
    const found = await page(`?query=${encodeURIComponent(word.toUpperCase())}`);
    expect(found.items.map((product) => product.sku)).toContain(sku);
    for (const product of found.items) {
      expect(`${product.sku} ${product.name}`.toLowerCase()).toContain(word.toLowerCase());
    }
    expect(await page(`?query=${randomUUID()}`)).toMatchObject({ items: [], total: 0 });
  });

  it('takes the wildcards of a search for what they are: characters', async () => {
    const all = (await page('')).total;
    expect((await page('?query=%25')).total).toBeLessThan(all);
    expect((await page('?query=_')).total).toBeLessThan(all);
  });

  it('shows one product', async () => {
    const [first] = (await page('?pageSize=1')).items;
    const answer = await guest().get(`/api/products/${first?.sku}`);
    expect(answer.status).toBe(200);
    expect(productSchema.parse(answer.body)).toEqual(first);
  });

  it('answers 404 for an absent product, also when it is asked for again', async () => {
    const path = `/api/products/NO-SUCH-${randomUUID().slice(0, 8).toUpperCase()}`;
    const first = expectProblem(await guest().get(path), 404, 'not-found');
    const second = expectProblem(await guest().get(path), 404, 'not-found');
    expect(second).toEqual(first);
  });

  it('shows a product that is added, also where it was cached as absent', async () => {
    const sku = `NEW-${randomUUID().slice(0, 8).toUpperCase()}`;
    const product = { sku, name: 'Something new', priceMinor: 1_250, available: 5 };
    const admin = new ShopClient(shop().url, shop().adminToken);
    // Of every copy of the service.
    for (let read = 0; read < 4; read += 1) {
      expectProblem(await guest().get(`/api/products/${sku}`), 404, 'not-found');
    }
    const added = await add(admin, product);
    expect([added.status, added.body]).toEqual([201, product]);
    // Where no cache leads to the primary after a write, a replica may need a moment.
    for (let read = 0; read < 4; read += 1) {
      const found = await waitUntil(`${sku} is found`, deadlineMs, async () => {
        const { status, body } = await guest().get(`/api/products/${sku}`);
        return status === 200 ? body : undefined;
      });
      expect(found).toEqual(product);
    }
    expectProblem(await add(admin, product), 409, 'sku-taken');
  });

  it('has products added by the admin token alone, and only whole ones', async () => {
    const product = { sku: 'NOT-ADDED', name: 'No', priceMinor: 1, available: 1 };
    expectProblem(await add(guest(), product), 401, 'unauthenticated');
    const admin = new ShopClient(shop().url, shop().adminToken);
    for (const wrong of [
      { sku: '../x' },
      { priceMinor: -1 },
      { available: 0.5 },
      { name: '' },
      { colour: 'red' },
    ]) {
      expectProblem(await add(admin, { ...product, ...wrong }), 400, 'validation-failed');
    }
  });

  it('has a product that is sold out', async () => {
    expect(await guest().product('SOLD-OUT')).toMatchObject({ sku: 'SOLD-OUT', available: 0 });
  });
}
