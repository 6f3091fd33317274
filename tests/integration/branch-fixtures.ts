import { randomUUID } from 'node:crypto';
import type { BranchAction } from '#platform/participant/branch-handler.js';
import type { Database, Statement } from '#platform/postgres/database.js';
import type { PricedItem } from '#services/order/domain/orders.js';
import { PostgresOrders } from '#services/order/storage/orders.js';

/** What is in the shop, made for a test and looked at afterwards. Names and ids are new each time. */

const insertAccount: Statement<never> = {
  name: 'test-insert-account',
  text: `INSERT INTO account.accounts (id, owner, password_hash, opening_balance_minor, balance_minor)
         VALUES ($1::uuid, 'owner of ' || $1::uuid, '', $2, $2)`,
};
const readBalance: Statement<{ balance_minor: number }> = {
  name: 'test-balance',
  text: 'SELECT balance_minor FROM account.accounts WHERE id = $1',
};
const insertProduct: Statement<never> = {
  name: 'test-insert-product',
  text: `INSERT INTO inventory.products (sku, name, price_minor, initial, available) VALUES ($1, $1, $2, $3, $3)`,
};
const readStock: Statement<{ available: number; sold: number }> = {
  name: 'test-stock',
  text: 'SELECT available, sold FROM inventory.products WHERE sku = $1',
};

const readHeld: Statement<{ held_minor: number }> = {
  name: 'test-held',
  text: 'SELECT held_minor FROM account.accounts WHERE id = $1',
};
const readReserved: Statement<{ reserved: number }> = {
  name: 'test-reserved',
  text: 'SELECT reserved FROM inventory.products WHERE sku = $1',
};

export async function newAccount(database: Database, balanceMinor: number): Promise<string> {
  const id = randomUUID();
  await database.run(insertAccount, [id, balanceMinor]);
  return id;
}

export async function balanceOf(database: Database, accountId: string): Promise<number> {
  const [row] = await database.run(readBalance, [accountId]);
  if (row === undefined) throw new Error(`There is no account ${accountId}`);
  return row.balance_minor;
}

/** What TCC holds of an account. */
export async function heldOf(database: Database, accountId: string): Promise<number> {
  return (await database.run(readHeld, [accountId]))[0]?.held_minor ?? 0;
}

/** What TCC has put aside of a product. */
export async function reservedOf(database: Database, sku: string): Promise<number> {
  return (await database.run(readReserved, [sku]))[0]?.reserved ?? 0;
}

export async function newProduct(database: Database, stock: number, priceMinor = 100): Promise<string> {
  const sku = `TEST-${randomUUID()}`;
  await database.run(insertProduct, [sku, priceMinor, stock]);
  return sku;
}

export async function stockOf(database: Database, sku: string): Promise<{ available: number; sold: number }> {
  const [row] = await database.run(readStock, [sku]);
  if (row === undefined) throw new Error(`There is no product ${sku}`);
  return row;
}

export async function newPendingOrder(database: Database): Promise<string> {
  const id = randomUUID();
  const added = await new PostgresOrders(database).add({
    id,
    accountId: randomUUID(),
    idempotencyKey: id,
    requestHash: '',
    protocol: 'saga',
    status: 'PENDING',
    items: [],
    totalMinor: 0,
    createdAt: new Date().toISOString(),
  });
  if (added !== 'added') throw new Error('The order exists already');
  return id;
}

export const debit = (accountId: string, amountMinor: number): BranchAction => ({
  $case: 'debitAccount',
  debitAccount: { accountId, amountMinor },
});

export const reserve = (...items: PricedItem[]): BranchAction => ({
  $case: 'reserveStock',
  reserveStock: { items },
});

export const confirm: BranchAction = { $case: 'confirmOrder', confirmOrder: {} };

/** A branch that has not been asked for anything, and a look at how often its work shows. */
export interface BranchFixture {
  readonly gid: string;
  readonly action: BranchAction;
  effects(): Promise<number>;
  /** How often what TCC reserves for it shows. */
  reserved(): Promise<number>;
}

/** `refuses`: the branch's work cannot be done. */
export const newBranch: Record<
  BranchAction['$case'],
  (database: Database, refuses: boolean) => Promise<BranchFixture>
> = {
  debitAccount: async (database, refuses) => {
    const accountId = await newAccount(database, 1_000);
    return {
      gid: randomUUID(),
      action: debit(accountId, refuses ? 1_001 : 300),
      effects: async () => (1_000 - (await balanceOf(database, accountId))) / 300,
      reserved: async () => (await heldOf(database, accountId)) / 300,
    };
  },
  reserveStock: async (database, refuses) => {
    const [plenty, scarce] = [await newProduct(database, 10), await newProduct(database, 3)];
    const item = (sku: string, quantity: number): PricedItem => ({ sku, quantity, priceMinor: 100 });
    return {
      gid: randomUUID(),
      action: reserve(item(plenty, 2), item(scarce, refuses ? 4 : 1)),
      effects: async () => {
        const [two, one] = [await stockOf(database, plenty), await stockOf(database, scarce)];
        if (two.sold !== 2 * one.sold) throw new Error('one item was taken without the other');
        const [twice, once] = [await reservedOf(database, plenty), await reservedOf(database, scarce)];
        if (twice !== 2 * once) throw new Error('one item was put aside without the other');
        if (two.available + two.sold + twice !== 10 || one.available + one.sold + once !== 3)
          throw new Error('stock got lost');
        return one.sold;
      },
      reserved: () => reservedOf(database, scarce),
    };
  },
  confirmOrder: async (database) => {
    const gid = await newPendingOrder(database);
    const orders = new PostgresOrders(database);
    return {
      gid,
      action: confirm,
      effects: async () => ((await orders.byId(gid))?.status === 'CONFIRMED' ? 1 : 0),
      reserved: () => Promise.resolve(0),
    };
  },
};
