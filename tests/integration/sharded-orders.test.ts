import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { Database, Statement } from '#platform/postgres/database.js';
import { AccountAudit } from '#services/account/storage/audit.js';
import { InventoryAudit } from '#services/inventory/storage/audit.js';
import type { Order } from '#services/order/domain/orders.js';
import type { PlaceOrderResult } from '#services/order/domain/place-order.js';
import { OrderAudit } from '#services/order/storage/audit.js';
import { checkInvariants, type Verdict } from '#services/registry/domain/check-invariants.js';
import { waitUntil } from '../e2e/wait-until.js';
import { balanceOf, debit, newAccount, newProduct, stockOf } from './branch-fixtures.js';
import { newPostgresForTest, type PostgresForTest } from './postgres-for-test.js';
import { newShardedShopForTest, type ShardedShopForTest } from './sharded-shop-for-test.js';

/** A real server takes its time on a busy machine. */
jest.setTimeout(60_000);
const deadlineMs = 30_000;
/** Of an order that does not get an answer; the stock is taken in the first of it. */
const shortDeadlineMs = 4_000;

const accountsOfShard: Statement<{ account_id: string }> = {
  name: 'test-accounts-of-shard',
  text: 'SELECT DISTINCT account_id FROM orders.orders',
};
const waitingForLocks: Statement<{ waiting: number }> = {
  name: 'test-waiting',
  text: `SELECT count(*)::int AS waiting FROM pg_locks WHERE NOT granted`,
};
const lockAccount: Statement<never> = {
  name: 'test-lock-account',
  text: 'SELECT FROM account.accounts WHERE id = $1 FOR UPDATE',
};

function placed(result: PlaceOrderResult): Order {
  if (result.result !== 'placed') throw new Error(`The order was not placed: ${result.result}`);
  return result.order;
}

/** A database for each context and two shards of orders: one local transaction after the other, on real databases. */
describe('an order over the databases of several contexts', () => {
  let postgres: PostgresForTest;
  let shop: ShardedShopForTest;
  let mug: string;

  beforeAll(async () => {
    postgres = await newPostgresForTest();
    shop = await newShardedShopForTest(postgres);
    mug = await newProduct(shop.inventory, 1_000, 990);
  });
  afterAll(() => postgres.remove());

  const verify = (): Promise<Verdict> =>
    checkInvariants(
      {
        account: new AccountAudit(shop.account),
        inventory: new InventoryAudit(shop.inventory),
        order: new OrderAudit(...shop.shards),
      },
      0,
    );
  const accountsIn = async (shard: Database): Promise<string[]> =>
    (await shard.run(accountsOfShard, [])).map(({ account_id }) => account_id);

  /** Runs `work` while nobody else can touch the account, and until nobody waits for it any more. */
  const whileLocked = async (accountId: string, work: () => Promise<void>): Promise<void> => {
    await shop.account.session(async (session) => {
      await session.command('BEGIN');
      await session.run(lockAccount, [accountId]);
      await work();
      await waitUntil('nobody waits for the account', deadlineMs, async () => {
        const [row] = await shop.account.run(waitingForLocks, []);
        return row?.waiting === 0 ? true : undefined;
      });
      await session.command('ROLLBACK');
    });
  };

  it('is in the shard of its account, and is found there by its id, its key and its account', async () => {
    const accounts = await Promise.all(Array.from({ length: 24 }, () => newAccount(shop.account, 10_000)));
    for (const account of accounts) {
      const key = randomUUID();
      const order = placed(await shop.place(account, { [mug]: 1 }, { key }));
      expect(order).toMatchObject({ status: 'CONFIRMED', protocol: 'best-effort' });
      expect(placed(await shop.place(account, { [mug]: 1 }, { key }))).toMatchObject({ id: order.id });
      const second = placed(await shop.place(account, { [mug]: 1 }));
      expect(await shop.orders.byId(order.id)).toMatchObject({ accountId: account, status: 'CONFIRMED' });
      const { items, total } = await shop.orders.ofAccount(account, 1, 10);
      expect([total, items.map(({ id }) => id)]).toEqual([2, [second.id, order.id]]);
      expect(await balanceOf(shop.account, account)).toBe(10_000 - 2 * 990);
    }
    const inShards = await Promise.all(shop.shards.map(accountsIn));
    for (const found of inShards) expect(found.length).toBeGreaterThan(0);
    expect(inShards.flat().sort()).toEqual([...accounts].sort());
    expect((await verify()).ok).toBe(true);
  });

  it('is refused as a whole, and what it took is put back', async () => {
    const poor = await newAccount(shop.account, 989);
    const before = await stockOf(shop.inventory, mug);
    const order = placed(await shop.place(poor, { [mug]: 1 }));
    expect(order).toMatchObject({ status: 'REJECTED', code: 'insufficient-funds' });
    expect(await shop.orders.byId(order.id)).toMatchObject({ status: 'REJECTED' });
    expect(await stockOf(shop.inventory, mug)).toEqual(before);
    expect((await verify()).ok).toBe(true);
  });

  it('stays half done when a branch is not answered in time, until its customer asks again', async () => {
    const account = await newAccount(shop.account, 10_000);
    const before = await stockOf(shop.inventory, mug);
    const key = randomUUID();
    let order: Order | undefined;
    await whileLocked(account, async () => {
      order = placed(await shop.place(account, { [mug]: 1 }, { key, deadlineMs: shortDeadlineMs }));
    });
    expect(order).toMatchObject({ status: 'PENDING' });
    expect(await balanceOf(shop.account, account)).toBe(10_000);
    expect((await stockOf(shop.inventory, mug)).available).toBe(before.available - 1);
    // Nobody has promised to go on with it.
    expect(await shop.orders.unfinished(0, 10)).toEqual([]);

    const again = placed(await shop.place(account, { [mug]: 1 }, { key }));
    expect(again).toMatchObject({ id: order?.id, status: 'CONFIRMED' });
    expect(await balanceOf(shop.account, account)).toBe(10_000 - 990);
    expect((await verify()).ok).toBe(true);
  });

  it('is asked for again when a database was away for a moment', async () => {
    const account = await newAccount(shop.account, 500);
    const key = { gid: randomUUID(), branch: 1 };
    await postgres.kill();
    const answer = shop.calls.apply(key, debit(account, 100), Date.now() + deadlineMs);
    await postgres.start();
    expect(await answer).toEqual({ outcome: 'done' });
    expect(await balanceOf(shop.account, account)).toBe(400);
    const code = 'cancelled';
    expect(await shop.calls.cancel(key, debit(account, 100), code, Date.now() + deadlineMs)).toEqual({
      outcome: 'done',
    });
    expect(await balanceOf(shop.account, account)).toBe(500);
    // What was undone is not done later.
    expect(await shop.calls.apply(key, debit(account, 100), Date.now() + deadlineMs)).toEqual({
      outcome: 'refused',
      code: 'cancelled',
    });
  });

  it('is known as unfinished in whichever shard it is, the oldest first', async () => {
    const accounts = await Promise.all(Array.from({ length: 12 }, () => newAccount(shop.account, 10_000)));
    const orders: Order[] = [];
    for (const account of accounts) orders.push(placed(await shop.place(account, { [mug]: 1 })));
    // Of these nobody has asked the price yet.
    for (const shard of shop.shards)
      await shard.run(
        {
          name: 'test-unpriced',
          text: `UPDATE orders.orders SET status = 'PENDING', total_minor = NULL WHERE id = ANY ($1)`,
        },
        [orders.map(({ id }) => id)],
      );
    const found = await shop.orders.unfinished(0, 10);
    expect(found.map(({ id }) => id)).toEqual(orders.slice(0, 10).map(({ id }) => id));
  });

  it('is missed in the books of the shard in which it is doctored', async () => {
    const account = await newAccount(shop.account, 10_000);
    const order = placed(await shop.place(account, { [mug]: 1 }));
    for (const shard of shop.shards)
      await shard.run(
        { name: 'test-forget', text: `UPDATE orders.orders SET status = 'REJECTED' WHERE id = $1` },
        [order.id],
      );
    const { ok, laws } = await verify();
    expect(ok).toBe(false);
    expect(laws.filter((law) => !law.ok && law.actual.includes(order.id))).toHaveLength(2);
  });
});
