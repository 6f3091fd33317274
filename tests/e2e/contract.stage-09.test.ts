import { randomUUID } from 'node:crypto';
import { afterEach, describe, expect, it } from '@jest/globals';
import { bestEffortShop, describeContract } from './contract.js';
import { expectProblem } from './expect-problem.js';
import { usePlatform } from './platform.js';
import { Customer, orderSchema, plentifulProducts, ShopClient } from './shop-client.js';

describe('stage 9, applications that call each other over REST', () => {
  const platform = usePlatform(9);
  describeContract(() => bestEffortShop(platform()));

  const paused = new Set<number>();
  const pause = async (...names: string[]): Promise<void> => {
    for (const name of names) {
      const pid = await platform().pidOf(name);
      process.kill(pid, 'SIGSTOP');
      paused.add(pid);
    }
  };
  const resume = (): void => {
    for (const pid of paused) process.kill(pid, 'SIGCONT');
    paused.clear();
  };
  afterEach(resume);

  it.each([
    ['/api/products/NO-SUCH-SKU', /^inventory-[12]$/],
    ['/api/accounts/00000000-0000-7000-8000-000000000000', /^account-[12]$/],
    ['/api/orders', /^order-[12]$/],
    ['/control/topology', /^order-[12]$/],
  ])('answers %s in its application', async (path, name) => {
    const { headers } = await new ShopClient(platform().url).get(path);
    expect(headers.get('x-served-by')).toMatch(name);
  });

  it('shows nobody at the front door what the applications ask each other', async () => {
    const { url, adminToken } = platform();
    const path = '/internal/books/account';
    expectProblem(await new ShopClient(url, adminToken).get(path), 404, 'not-found');
  });

  it('goes on with one copy of each application', async () => {
    const customer = await Customer.open(platform().url);
    const [product] = await plentifulProducts(customer);
    await pause('inventory-1', 'account-1');
    const answer = await customer.postOrder({ items: [{ sku: product.sku, quantity: 1 }] });
    expect([answer.status, answer.text]).toEqual([201, answer.text]);
  });

  it('leaves an order open, half done, when an application is silent, until the customer asks again', async () => {
    const customer = await Customer.open(platform().url);
    const [product] = await plentifulProducts(customer);
    const { available } = await customer.product(product.sku, 'strong');
    const balance = await customer.balanceMinor();
    const order = { items: [{ sku: product.sku, quantity: 3 }] };
    const key = randomUUID();

    await pause('account-1', 'account-2');
    const silent = await customer.postOrder(order, key);
    expect([silent.status, silent.text]).toEqual([202, silent.text]);
    expect(orderSchema.parse(silent.body)).toMatchObject({ status: 'PENDING', protocol: 'best-effort' });
    // The goods are gone for an order of which nobody knows whether it is paid.
    expect(await customer.product(product.sku, 'strong')).toMatchObject({ available: available - 3 });

    resume();
    const asked = await customer.postOrder(order, key);
    expect([asked.status, asked.text]).toEqual([201, asked.text]);
    const { id, totalMinor } = orderSchema.parse(asked.body);
    expect(id).toBe(orderSchema.parse(silent.body).id);
    expect(await customer.product(product.sku, 'strong')).toMatchObject({ available: available - 3 });
    expect(await customer.balanceMinor()).toBe(balance - (totalMinor ?? 0));
    expect(await platform().verify()).toMatchObject({ ok: true });
  });
});
