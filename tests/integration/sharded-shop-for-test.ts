import { randomUUID } from 'node:crypto';
import type { ContextName } from '#platform/config/database-config.js';
import { ContextDatabases, type Store } from '#platform/contexts/context-databases.js';
import { Reads } from '#platform/consistency/reads.js';
import type { Database } from '#platform/postgres/database.js';
import { PostgresProducts } from '#services/inventory/storage/products.js';
import { BestEffortExecution } from '#services/order/domain/best-effort-execution.js';
import type { Orders } from '#services/order/domain/orders.js';
import { PlaceOrder, type PlaceOrderResult } from '#services/order/domain/place-order.js';
import { PriceList } from '#services/order/domain/price-list.js';
import { LocalBranchCalls } from '#services/order/storage/local-branch-calls.js';
import { openOrders } from '#services/order/storage/sharded-orders.js';
import { newParticipantForTest } from './participant-for-test.js';
import { newMetricsForTest, silent, type PostgresForTest } from './postgres-for-test.js';

export interface ShardedShopForTest {
  readonly account: Database;
  readonly inventory: Database;
  readonly shards: readonly Database[];
  readonly orders: Orders;
  readonly calls: LocalBranchCalls;
  place(
    accountId: string,
    items: Record<string, number>,
    options?: { readonly key?: string; readonly deadlineMs?: number },
  ): Promise<PlaceOrderResult>;
}

const consistency = {
  level: 'read-your-writes',
  readYourWrites: 'token',
  windowMs: 2_000,
  waitMs: 100,
  replicated: false,
} as const;

/** The shop with a database for each context and two shards of orders, in one process. */
export async function newShardedShopForTest(postgres: PostgresForTest): Promise<ShardedShopForTest> {
  const metrics = newMetricsForTest();
  const open = async (name: string, context: ContextName): Promise<Store> => {
    const database = await postgres.open(name, [context]);
    return { database, reads: new Reads(database, consistency, metrics) };
  };
  const account = await open('account', 'account');
  const inventory = await open('inventory', 'inventory');
  const shards = [await open('order_1', 'orders'), await open('order_2', 'orders')];
  const databases = new ContextDatabases(
    new Map([
      ['account', [account]],
      ['inventory', [inventory]],
      ['orders', shards],
    ]),
  );
  const orders = openOrders(databases.orders);
  const participant = newParticipantForTest(account.database);
  const calls = new LocalBranchCalls(databases, participant, silent);
  const placeOrder = new PlaceOrder(
    orders,
    new PriceList(new PostgresProducts(inventory.database, inventory.database)),
    new BestEffortExecution(orders, calls, silent),
  );
  return {
    account: account.database,
    inventory: inventory.database,
    shards: shards.map(({ database }) => database),
    orders,
    calls,
    place: (accountId, items, { key = randomUUID(), deadlineMs = 20_000 } = {}) => {
      const list = Object.entries(items).map(([sku, quantity]) => ({ sku, quantity }));
      const request = { accountId, idempotencyKey: key, protocol: 'saga' as const, items: list };
      return placeOrder.place(request, Date.now() + deadlineMs);
    },
  };
}
