import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import type { Shop } from './contract.js';
import { expectProblem } from './expect-problem.js';
import { finalOrder, placeOrder } from './place-order.js';
import { Customer, orderSchema, plentifulProducts, type Product, ShopClient } from './shop-client.js';
import { waitUntil } from './wait-until.js';

const PROTOCOLS = [undefined, 'saga', 'tcc', '2pc', '3pc', 'none'] as const;

/** Reads may come from a cache; what they converge to within this time is what they mean. */
const STOCK_DEADLINE_MS = 5_000;

export function describeOrders(shop: () => Shop): void {
  let one: Product;
  let other: Product;

  beforeAll(async () => {
    [one, other] = await plentifulProducts(new ShopClient(shop().url));
  });

  const stockOf = async (...skus: string[]): Promise<number[]> => {
    const guest = new ShopClient(shop().url);
    const products = await Promise.all(skus.map((sku) => guest.product(sku, 'strong')));
    return products.map((product) => product.available);
  };

  const expectStock = async (skus: string[], expected: number[]): Promise<void> => {
    let seen: number[] = [];
    await waitUntil(
      `stock of ${expected.join(', ')} for ${skus.join(', ')}`,
      STOCK_DEADLINE_MS,
      async () => {
        seen = await stockOf(...skus);
        return seen.join() === expected.join() ? seen : undefined;
      },
      () => `It is ${seen.join(', ')}`,
    );
  };

  describe.each(PROTOCOLS)('with protocol %s', (protocol) => {
    it('confirms an order of several items, takes the money and the stock, and shows the order', async () => {
      const customer = await Customer.open(shop().url);
      const balance = await customer.balanceMinor();
      const [stockOfOne = 0, stockOfOther = 0] = await stockOf(one.sku, other.sku);
      const items = [
        { sku: one.sku, quantity: 2 },
        { sku: other.sku, quantity: 3 },
      ];
      const totalMinor = 2 * one.priceMinor + 3 * other.priceMinor;

      const answer = await placeOrder(customer, { items, ...(protocol === undefined ? {} : { protocol }) });

      const expected = {
        status: 'CONFIRMED',
        protocol: shop().reportedProtocol(protocol),
        items,
        totalMinor,
      };
      expect([answer.status, answer.text]).toEqual([201, answer.text]);
      const order = orderSchema.parse(answer.body);
      expect(order).toMatchObject(expected);
      expect(answer.headers.get('location')).toBe(`/api/orders/${order.id}`);
      expect(await customer.order(order.id)).toMatchObject({ id: order.id, ...expected });
      expect(await customer.balanceMinor()).toBe(balance - totalMinor);
      await expectStock([one.sku, other.sku], [stockOfOne - 2, stockOfOther - 3]);
    });

    it('rejects an order of which one item is sold out, as a whole', async () => {
      const customer = await Customer.open(shop().url);
      const [stock = 0] = await stockOf(one.sku);
      const items = [
        { sku: one.sku, quantity: 1 },
        { sku: 'SOLD-OUT', quantity: 1 },
      ];
      const answer = await placeOrder(customer, { items, ...(protocol === undefined ? {} : { protocol }) });

      expect([answer.status, answer.text]).toEqual([409, answer.text]);
      expect(answer.body).toMatchObject({ code: 'out-of-stock' });
      expect(await finalOrder(customer, answer)).toMatchObject({ status: 'REJECTED', code: 'out-of-stock' });
      expect(await customer.balanceMinor()).toBe(100_000_000);
      await expectStock([one.sku, 'SOLD-OUT'], [stock, 0]);
    });

    // Without a transaction, a refusal leaves traces: that is a test of its own, where it happens.
    const isRepaired = (): boolean => protocol !== 'none' || shop().reportedProtocol(protocol) !== 'none';

    it('rejects an order that the account cannot pay, and puts everything back', async () => {
      if (!isRepaired()) return;
      const customer = await Customer.open(shop().url, one.priceMinor - 1);
      const stock = await stockOf(one.sku, other.sku);
      const items = [
        { sku: one.sku, quantity: 1 },
        { sku: other.sku, quantity: 1 },
      ];
      const answer = await placeOrder(customer, { items, ...(protocol === undefined ? {} : { protocol }) });

      expect([answer.status, answer.text]).toEqual([409, answer.text]);
      expect(answer.body).toMatchObject({ code: 'insufficient-funds' });
      expect(await finalOrder(customer, answer)).toMatchObject({
        status: 'REJECTED',
        code: 'insufficient-funds',
      });
      expect(await customer.balanceMinor()).toBe(one.priceMinor - 1);
      await expectStock([one.sku, other.sku], stock);
    });

    it('rejects an order of which one item is unknown, as a whole', async () => {
      const customer = await Customer.open(shop().url);
      const [stock = 0] = await stockOf(one.sku);
      const items = [
        { sku: one.sku, quantity: 1 },
        { sku: 'NO-SUCH-SKU', quantity: 1 },
      ];
      const answer = await placeOrder(customer, { items, ...(protocol === undefined ? {} : { protocol }) });

      expect([answer.status, answer.text]).toEqual([422, answer.text]);
      expect(answer.body).toMatchObject({ code: 'unknown-sku' });
      expect(await customer.balanceMinor()).toBe(100_000_000);
      await expectStock([one.sku], [stock]);
    });
  });

  it('spends the last minor unit, and no more', async () => {
    const customer = await Customer.open(shop().url, one.priceMinor);
    const order = { items: [{ sku: one.sku, quantity: 1 }] };
    expect((await placeOrder(customer, order)).status).toBe(201);
    expect(await customer.balanceMinor()).toBe(0);
    expect((await placeOrder(customer, order)).status).toBe(409);
    expect(await customer.balanceMinor()).toBe(0);
  });

  it('sells each piece of a rare product once, however many ask at the same time', async () => {
    const [left = 0] = await stockOf('RARE-3');
    const customers = await Promise.all(Array.from({ length: left + 2 }, () => Customer.open(shop().url)));
    const order = { items: [{ sku: 'RARE-3', quantity: 1 }] };
    const answers = await Promise.all(customers.map((customer) => placeOrder(customer, order)));
    expect(answers.filter((answer) => answer.status === 201)).toHaveLength(left);
    expect(answers.filter((answer) => answer.status === 409)).toHaveLength(2);
    await expectStock(['RARE-3'], [0]);
  });

  it('never lets two orders at once spend the same money', async () => {
    const customer = await Customer.open(shop().url, 2 * one.priceMinor + 1);
    const order = { items: [{ sku: one.sku, quantity: 1 }] };
    const answers = await Promise.all(Array.from({ length: 6 }, () => placeOrder(customer, order)));
    expect(answers.filter((answer) => answer.status === 201)).toHaveLength(2);
    expect(await customer.balanceMinor()).toBe(1);
  });

  it.each(['saga', 'tcc', '2pc', '3pc'])(
    'refuses none of the %s orders that meet in one account and one product',
    async (protocol) => {
      const customer = await Customer.open(shop().url);
      const order = { items: [{ sku: one.sku, quantity: 1 }], protocol };
      const answers = await Promise.all(Array.from({ length: 12 }, () => placeOrder(customer, order)));
      // There is enough of everything; a slow machine may answer some of them 202.
      expect(answers.filter(({ status }) => status !== 201 && status !== 202)).toEqual([]);
    },
  );

  describe('with an Idempotency-Key', () => {
    it('gives the same answer to the same request, and has one effect', async () => {
      const customer = await Customer.open(shop().url);
      const key = randomUUID();
      const order = { items: [{ sku: one.sku, quantity: 1 }] };
      const first = await placeOrder(customer, order, key);
      const balance = await customer.balanceMinor();
      const again = await placeOrder(customer, order, key);
      expect([again.status, again.body]).toEqual([first.status, first.body]);
      expect(again.headers.get('location')).toBe(first.headers.get('location'));
      expect(await customer.balanceMinor()).toBe(balance);
    });

    it('gives the same answer again to a rejected request, though it would succeed now', async () => {
      const customer = await Customer.open(shop().url, 1);
      const key = randomUUID();
      const order = { items: [{ sku: one.sku, quantity: 1 }], protocol: 'saga' };
      const first = await placeOrder(customer, order, key);
      const again = await placeOrder(customer, order, key);
      expect(first.status).toBe(409);
      expect([again.status, again.body]).toEqual([409, first.body]);
    });

    it('refuses the key with another body', async () => {
      const customer = await Customer.open(shop().url);
      const key = randomUUID();
      await placeOrder(customer, { items: [{ sku: one.sku, quantity: 1 }] }, key);
      const balance = await customer.balanceMinor();
      const other2 = await customer.postOrder({ items: [{ sku: one.sku, quantity: 2 }] }, key);
      expectProblem(other2, 422, 'idempotency-key-reused');
      expect(await customer.balanceMinor()).toBe(balance);
    });

    it('keeps the keys of different customers apart', async () => {
      const [customer, neighbour] = await Promise.all([Customer.open(shop().url), Customer.open(shop().url)]);
      const key = randomUUID();
      const mine = await placeOrder(customer, { items: [{ sku: one.sku, quantity: 1 }] }, key);
      const theirs = await placeOrder(neighbour, { items: [{ sku: other.sku, quantity: 2 }] }, key);
      expect([mine.status, theirs.status]).toEqual([201, 201]);
      expect(orderSchema.parse(theirs.body).id).not.toBe(orderSchema.parse(mine.body).id);
    });

    it('places one order when twenty requests come at once', async () => {
      const customer = await Customer.open(shop().url);
      const key = randomUUID();
      const order = { items: [{ sku: one.sku, quantity: 1 }] };
      const answers = await Promise.all(Array.from({ length: 20 }, () => placeOrder(customer, order, key)));
      expect(new Set(answers.map((answer) => answer.status))).toEqual(new Set([201]));
      expect(new Set(answers.map((answer) => orderSchema.parse(answer.body).id)).size).toBe(1);
      expect(await customer.balanceMinor()).toBe(100_000_000 - one.priceMinor);
    });
  });

  it('shows customers their own orders only', async () => {
    const [customer, neighbour] = await Promise.all([Customer.open(shop().url), Customer.open(shop().url)]);
    const answer = await placeOrder(customer, { items: [{ sku: one.sku, quantity: 1 }] });
    const { id } = orderSchema.parse(answer.body);
    expect(await ordersOf(customer)).toEqual([id]);
    expect(await ordersOf(neighbour)).toEqual([]);
    expectProblem(await neighbour.get(`/api/orders/${id}`), 403, 'forbidden');
    expectProblem(await customer.get(`/api/orders/${randomUUID()}`), 404, 'not-found');
    expectProblem(await new ShopClient(shop().url).get(`/api/orders/${id}`), 401, 'unauthenticated');
  });
}

async function ordersOf(customer: Customer): Promise<string[]> {
  const answer = await customer.get('/api/orders');
  expect(answer.status).toBe(200);
  const { items } = z.object({ items: z.array(orderSchema) }).parse(answer.body);
  return items.map((order) => order.id);
}
