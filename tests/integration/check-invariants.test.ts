import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { PreparedTransactions } from '#platform/participant/prepared-transactions.js';
import { ThreePhaseBranches } from '#platform/participant/three-phase-branches.js';
import type { Database } from '#platform/postgres/database.js';
import { AccountAudit } from '#services/account/storage/audit.js';
import { InventoryAudit } from '#services/inventory/storage/audit.js';
import { OrderAudit } from '#services/order/storage/audit.js';
import { checkInvariants } from '#services/registry/domain/check-invariants.js';
import { waitUntil } from '../e2e/wait-until.js';
import { confirm, debit, newAccount, newPendingOrder, newProduct, reserve } from './branch-fixtures.js';
import { ask, newParticipantForTest } from './participant-for-test.js';
import { newPostgresForTest, type PostgresForTest } from './postgres-for-test.js';
import { newShopForTest } from './shop-for-test.js';

/** A real server takes its time on a busy machine. */
jest.setTimeout(60_000);

const deadlineMs = 60_000;

const tables = [
  'account.accounts',
  'account.entries',
  'account.fence',
  'account.holds',
  'account.three_phase',
  'inventory.products',
  'inventory.movements',
  'inventory.fence',
  'inventory.reservations',
  'orders.orders',
];

/** Books that are right pass, and each law can fail: it is shown books that were doctored to break it. */
describe('the conservation laws', () => {
  let postgres: PostgresForTest;
  let database: Database;
  let gid: string;

  beforeAll(async () => {
    postgres = await newPostgresForTest();
    database = await postgres.open('shop', ['account', 'inventory', 'orders']);
  });
  afterAll(() => postgres.remove());

  beforeEach(async () => {
    await doctor(`TRUNCATE ${tables.join()}`);
    const shop = newShopForTest(database);
    const [account, poor] = [await newAccount(database, 10_000), await newAccount(database, 1)];
    const [mug, lamp] = [await newProduct(database, 5, 990), await newProduct(database, 5, 500)];
    const confirmed = await shop.place(account, { [mug]: 2, [lamp]: 1 });
    await shop.place(account, { [lamp]: 1 });
    await shop.place(poor, { [mug]: 1 });
    if (confirmed.result === 'placed') gid = confirmed.order.id;
  });

  let doctored = 0;
  const doctor = (text: string, values: readonly unknown[] = []): Promise<unknown> =>
    database.run({ name: `doctor-${++doctored}`, text }, values);

  const brokenLaws = async (): Promise<string[]> => {
    const books = {
      account: new AccountAudit(database),
      inventory: new InventoryAudit(database),
      order: new OrderAudit(database),
    };
    const { ok, laws } = await checkInvariants(books, 0);
    const broken = laws.filter((law) => !law.ok).map(({ name }) => name);
    expect(ok).toBe(broken.length === 0);
    return broken;
  };

  const money = 'balances and confirmed orders add up to the opening balances';
  const entries = 'account: balances and entries add up to the opening balances';
  const oneDebit = 'every CONFIRMED order has exactly one debit of its total, and every debit such an order';
  const items = 'every CONFIRMED order took exactly its items, and everything taken has such an order';
  const stock = 'inventory: available, reserved and sold add up to the initial stock';
  const movements = 'inventory: what is sold is what the movements say';

  it('hold for a shop whose orders went right', async () => {
    expect(await brokenLaws()).toEqual([]);
  });

  it('miss money', async () => {
    await doctor(
      'UPDATE account.accounts SET balance_minor = balance_minor - 1 WHERE opening_balance_minor = 10000',
    );
    expect(await brokenLaws()).toEqual([money, entries]);
  });

  it('see an order that was debited twice', async () => {
    await doctor(
      'UPDATE account.accounts SET balance_minor = balance_minor - 2480 WHERE opening_balance_minor = 10000',
    );
    await doctor(
      `INSERT INTO account.entries (gid, branch, kind, account_id, amount_minor)
       SELECT gid, 9, kind, account_id, amount_minor FROM account.entries WHERE gid = $1`,
      [gid],
    );
    expect(await brokenLaws()).toEqual([money, oneDebit]);
  });

  it('see a debit without an order', async () => {
    await doctor(
      'UPDATE account.accounts SET balance_minor = balance_minor - 100 WHERE opening_balance_minor = 10000',
    );
    await doctor(
      `INSERT INTO account.entries (gid, branch, kind, account_id, amount_minor)
       SELECT $1, 1, 'debit', account_id, 100 FROM account.entries LIMIT 1`,
      [randomUUID()],
    );
    expect(await brokenLaws()).toEqual([money, oneDebit]);
  });

  it('see an order that was confirmed without a debit', async () => {
    await doctor('DELETE FROM account.entries WHERE gid = $1', [gid]);
    await doctor(
      'UPDATE account.accounts SET balance_minor = balance_minor + 2480 WHERE opening_balance_minor = 10000',
    );
    expect(await brokenLaws()).toEqual([money, oneDebit]);
  });

  it('see a rejected order that kept the money and the stock', async () => {
    await doctor(`UPDATE orders.orders SET status = 'REJECTED', code = 'out-of-stock' WHERE id = $1`, [gid]);
    expect(await brokenLaws()).toEqual([money, oneDebit, items]);
  });

  it('miss a movement of stock', async () => {
    await doctor('DELETE FROM inventory.movements WHERE gid = $1', [gid]);
    expect(await brokenLaws()).toEqual([items, movements]);
  });

  it('see another quantity taken than was ordered', async () => {
    await doctor('UPDATE inventory.movements SET quantity = quantity + 1 WHERE gid = $1', [gid]);
    await doctor(
      `UPDATE inventory.products SET available = available - 1, sold = sold + 1
       WHERE sku IN (SELECT sku FROM inventory.movements WHERE gid = $1)`,
      [gid],
    );
    expect(await brokenLaws()).toEqual([items]);
  });

  it('miss stock', async () => {
    await doctor('UPDATE inventory.products SET available = available - 1 WHERE sold = 2');
    expect(await brokenLaws()).toEqual([stock]);
  });

  it('see an order that stays PENDING', async () => {
    const old = `
      INSERT INTO orders.orders (id, account_id, idempotency_key, request_hash, protocol, status, items, created_at)
      VALUES (gen_random_uuid(), gen_random_uuid(), 'lost', '', 'saga', 'PENDING', '[]', now() - $1 * interval '1 s')`;
    await doctor(old.replace('lost', 'young'), [20]);
    expect(await brokenLaws()).toEqual([]);
    await doctor(old, [31]);
    expect(await brokenLaws()).toEqual(['order: no order is PENDING for more than 30 s']);
  });

  it('see a transaction that is left prepared', async () => {
    const message = { gid: randomUUID(), action: debit(await newAccount(database, 100), 10) };
    const participant = newParticipantForTest(database);
    expect(await ask(participant, { ...message, phase: 'prepare' })).toBe('done');
    try {
      const broken = await waitUntil('the law fails', deadlineMs, async () => {
        const laws = await brokenLaws();
        return laws.length > 0 ? laws : undefined;
      });
      // All services have the same database here.
      const law = 'no transaction is left prepared for more than 5 s';
      expect(broken).toEqual([`account: ${law}`, `inventory: ${law}`, `order: ${law}`]);
    } finally {
      await ask(participant, { ...message, phase: 'abort' });
    }
    expect(await brokenLaws()).toEqual([]);
  });

  it('do not mind what is held for an order, and see it when it was forgotten', async () => {
    const participant = newParticipantForTest(database);
    const held = { gid: randomUUID(), action: debit(await newAccount(database, 100), 10) };
    const item = { sku: await newProduct(database, 5), quantity: 2, priceMinor: 100 };
    const reserved = { gid: randomUUID(), action: reserve(item) };
    for (const branch of [held, reserved])
      expect(await ask(participant, { ...branch, phase: 'try' })).toBe('done');
    expect(await brokenLaws()).toEqual([]);
    await doctor(`UPDATE account.holds SET at = at - interval '11 s'`);
    await doctor(`UPDATE inventory.reservations SET at = at - interval '11 s'`);
    expect(await brokenLaws()).toEqual([
      'account: no hold is left undecided for more than 10 s',
      'inventory: no reservation is left undecided for more than 10 s',
    ]);
    await doctor('DELETE FROM account.holds');
    await doctor('DELETE FROM inventory.reservations');
    expect(await brokenLaws()).toEqual([
      'account: what is held of each account is what its holds say',
      'inventory: what is reserved is what the reservations say',
    ]);
  });

  it('see an order of three-phase commit whose branches decided differently, until it is repaired', async () => {
    const participant = newParticipantForTest(database);
    const key = { gid: await newPendingOrder(database), branch: 0 };
    const branch = { gid: key.gid, action: confirm };
    expect(await ask(participant, { ...branch, phase: 'can-commit' })).toBe('done');
    const alone = new ThreePhaseBranches(database, new PreparedTransactions(database));
    expect(await alone.decideAlone(key, participant.handler(confirm))).toBe('aborted');
    const [account, sku] = [await newAccount(database, 100), await newProduct(database, 5)];
    const others = [debit(account, 100), reserve({ sku, quantity: 1, priceMinor: 100 })];
    for (const [index, action] of others.entries()) {
      for (const phase of ['can-commit', 'pre-commit', 'do-commit'] as const)
        expect(await ask(participant, { gid: key.gid, branch: index + 1, action, phase })).toBe('done');
    }
    await doctor('UPDATE orders.orders SET total_minor = 100, account_id = $2, items = $3 WHERE id = $1', [
      key.gid,
      account,
      JSON.stringify([{ sku, quantity: 1, priceMinor: 100 }]),
    ]);
    expect(await brokenLaws()).toEqual([money, oneDebit, items]);
    expect(await ask(participant, { ...branch, phase: 'redo' })).toBe('done');
    expect(await brokenLaws()).toEqual([]);
  });
});
