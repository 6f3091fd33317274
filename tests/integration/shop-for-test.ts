import { randomUUID } from 'node:crypto';
import type { Database } from '#platform/postgres/database.js';
import { LocalExecution } from '#services/order/storage/local-execution.js';
import { PostgresOrders } from '#services/order/storage/orders.js';
import { PlaceOrder, type PlaceOrderResult } from '#services/order/domain/place-order.js';
import { PriceList } from '#services/order/domain/price-list.js';
import { PostgresProducts } from '#services/inventory/storage/products.js';
import type { PriceSource } from '#platform/catalogue/price-source.js';
import { newParticipantForTest } from './participant-for-test.js';

export interface ShopForTest {
  readonly orders: PostgresOrders;
  readonly execution: LocalExecution;
  place(accountId: string, items: Record<string, number>, idempotencyKey?: string): Promise<PlaceOrderResult>;
}

/** The shop of the stages with one database: all services' tables in it, and orders as one local transaction. */
export function newShopForTest(
  database: Database,
  prices: PriceSource = new PostgresProducts(database, database),
): ShopForTest {
  const orders = new PostgresOrders(database);
  const execution = new LocalExecution(database, newParticipantForTest(database));
  const placeOrder = new PlaceOrder(orders, new PriceList(prices), execution);
  return {
    orders,
    execution,
    place: (accountId, items, idempotencyKey = randomUUID()) => {
      const list = Object.entries(items).map(([sku, quantity]) => ({ sku, quantity }));
      return placeOrder.place(
        { accountId, idempotencyKey, protocol: 'saga', items: list },
        Date.now() + 5_000,
      );
    },
  };
}
