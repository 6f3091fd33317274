import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { Problem } from '#platform/errors/problem.js';
import type { Database, Statement } from '#platform/postgres/database.js';
import type { Order } from '#services/order/domain/orders.js';
import type { PlaceOrderResult } from '#services/order/domain/place-order.js';
import { balanceOf, newAccount, newProduct, stockOf } from './branch-fixtures.js';
import { newPostgresForTest, type PostgresForTest } from './postgres-for-test.js';
import { newShopForTest, type ShopForTest } from './shop-for-test.js';

/** A real server takes its time on a busy machine. */
jest.setTimeout(60_000);

function placed(result: PlaceOrderResult): Order {
  if (result.result !== 'placed') throw new Error('The key was used before');
  return result.order;
}

/** PlaceOrder and LocalExecution, in the one ACID transaction of the stages with one database. */
describe('an order in one local transaction', () => {
  let postgres: PostgresForTest;
  let database: Database;
  let shop: ShopForTest;

  beforeAll(async () => {
    postgres = await newPostgresForTest();
    database = await postgres.open('shop', ['account', 'inventory', 'orders']);
    shop = newShopForTest(database);
  });
  afterAll(() => postgres.remove());

  const traces = async (gid: string): Promise<number> => {
    const text = `
      SELECT (SELECT count(*) FROM account.fence WHERE gid = $1) + (SELECT count(*) FROM account.entries WHERE gid = $1)
           + (SELECT count(*) FROM inventory.fence WHERE gid = $1)
           + (SELECT count(*) FROM inventory.movements WHERE gid = $1) AS traces`;
    const statement: Statement<{ traces: number }> = { name: 'test-traces', text };
    const [row] = await database.run(statement, [gid]);
    return row?.traces ?? -1;
  };

  it('takes its items and its money, and is CONFIRMED', async () => {
    const [account, mug, lamp] = [
      await newAccount(database, 10_000),
      await newProduct(database, 5, 990),
      await newProduct(database, 5, 2_000),
    ];
    const order = placed(await shop.place(account, { [mug]: 2, [lamp]: 1 }));
    expect(order).toMatchObject({ status: 'CONFIRMED', protocol: 'local', totalMinor: 3_980 });
    expect(await shop.orders.byId(order.id)).toMatchObject({ status: 'CONFIRMED', totalMinor: 3_980 });
    expect(await balanceOf(database, account)).toBe(6_020);
    expect(await stockOf(database, mug)).toEqual({ available: 3, sold: 2 });
    expect(await stockOf(database, lamp)).toEqual({ available: 4, sold: 1 });
  });

  it('leaves nothing of a refused order but its refusal', async () => {
    const [poor, mug] = [await newAccount(database, 100), await newProduct(database, 5, 990)];
    const noMoney = placed(await shop.place(poor, { [mug]: 1 }));
    expect(noMoney).toMatchObject({ status: 'REJECTED', code: 'insufficient-funds' });
    const [rich, rare] = [await newAccount(database, 100_000), await newProduct(database, 1)];
    const noStock = placed(await shop.place(rich, { [mug]: 1, [rare]: 2 }));
    expect(noStock).toMatchObject({ status: 'REJECTED', code: 'out-of-stock' });
    const noProduct = placed(await shop.place(rich, { [mug]: 1, NOTHING: 2 }));
    expect(noProduct).toMatchObject({ status: 'REJECTED', code: 'unknown-sku' });

    for (const { id, code } of [noMoney, noStock, noProduct]) {
      expect(await shop.orders.byId(id)).toMatchObject({ status: 'REJECTED', code });
      expect(await traces(id)).toBe(0);
    }
    expect([await balanceOf(database, poor), await balanceOf(database, rich)]).toEqual([100, 100_000]);
    expect(await stockOf(database, mug)).toEqual({ available: 5, sold: 0 });
    expect(await stockOf(database, rare)).toEqual({ available: 1, sold: 0 });
  });

  it('is refused when a price has changed since it was quoted', async () => {
    const [account, mug] = [await newAccount(database, 10_000), await newProduct(database, 5, 990)];
    const late = newShopForTest(database, { quote: async () => new Map([[mug, 980]]) });
    expect(placed(await late.place(account, { [mug]: 1 }))).toMatchObject({
      status: 'REJECTED',
      code: 'price-changed',
    });
    expect(await balanceOf(database, account)).toBe(10_000);
  });

  it('waits for its price while inventory does not answer, and is resumed later', async () => {
    const account = await newAccount(database, 10_000);
    const unavailable = { quote: () => Promise.reject(new Problem('upstream-unavailable')) };
    const order = placed(await newShopForTest(database, unavailable).place(account, { LATER: 1 }));
    expect(order).toMatchObject({ status: 'PENDING', totalMinor: null });

    const mug = await newProduct(database, 5, 990);
    const items = [{ sku: mug, quantity: 2, priceMinor: 990 }];
    await shop.orders.setPrices(order.id, items, 1_980);
    const found = await shop.orders.byId(order.id);
    expect(found).toMatchObject({ items, totalMinor: 1_980, status: 'PENDING' });
    // Several copies may resume it at once.
    const resumed = await Promise.allSettled([1, 2, 3].map(() => shop.execution.resume(found as Order)));
    expect(resumed).toContainEqual({ status: 'fulfilled', value: { outcome: 'committed' } });
    expect(await shop.orders.byId(order.id)).toMatchObject({ status: 'CONFIRMED' });
    expect(await balanceOf(database, account)).toBe(8_020);
    expect(await stockOf(database, mug)).toEqual({ available: 3, sold: 2 });
  });

  it('is the same order when its key comes again, one after the other or all at once', async () => {
    const [account, mug] = [await newAccount(database, 10_000), await newProduct(database, 5, 990)];
    const key = randomUUID();
    const results = await Promise.all(
      Array.from({ length: 8 }, () => shop.place(account, { [mug]: 1 }, key)),
    );
    results.push(await shop.place(account, { [mug]: 1 }, key));
    const orders = results.map(placed);
    expect(new Set(orders.map(({ id }) => id)).size).toBe(1);
    expect(new Set(orders.map(({ status }) => status))).toEqual(new Set(['CONFIRMED']));
    expect(await balanceOf(database, account)).toBe(9_010);
    expect(await stockOf(database, mug)).toEqual({ available: 4, sold: 1 });
  });

  it('is refused again, and not tried again, when the key of a refused order comes again', async () => {
    const [account, mug] = [await newAccount(database, 100), await newProduct(database, 5, 990)];
    const key = randomUUID();
    const first = placed(await shop.place(account, { [mug]: 1 }, key));
    await database.run(
      { name: 'test-gift', text: 'UPDATE account.accounts SET balance_minor = 1000 WHERE id = $1' },
      [account],
    );
    const again = placed(await shop.place(account, { [mug]: 1 }, key));
    expect(again).toMatchObject({ id: first.id, status: 'REJECTED', code: 'insufficient-funds' });
    expect(await balanceOf(database, account)).toBe(1_000);
  });

  it('does not take a key for two different orders, but two accounts may use the same', async () => {
    const [account, other] = [await newAccount(database, 10_000), await newAccount(database, 10_000)];
    const mug = await newProduct(database, 5, 990);
    const key = randomUUID();
    const first = placed(await shop.place(account, { [mug]: 1 }, key));
    expect(await shop.place(account, { [mug]: 2 }, key)).toEqual({ result: 'key-reused' });
    expect(placed(await shop.place(other, { [mug]: 2 }, key)).id).not.toBe(first.id);
    expect(await stockOf(database, mug)).toEqual({ available: 2, sold: 3 });
  });
});
