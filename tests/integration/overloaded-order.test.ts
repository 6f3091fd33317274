import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { ExecuteReply_Outcome as Outcome } from '#generated/tristate/coordinator/v1/coordinator.js';
import type { Database } from '#platform/postgres/database.js';
import type { CoordinatorChannels, ExecuteResult } from '#platform/runtime/coordinator-channels.js';
import { PlaceOrder } from '#services/order/domain/place-order.js';
import { PriceList } from '#services/order/domain/price-list.js';
import { CoordinatedExecution } from '#services/order/storage/coordinated-execution.js';
import { PostgresOrders } from '#services/order/storage/orders.js';
import { newPostgresForTest, type PostgresForTest } from './postgres-for-test.js';

/** A real server takes its time on a busy machine. */
jest.setTimeout(60_000);

describe('an order that the coordinator turns away', () => {
  let postgres: PostgresForTest;
  let database: Database;
  let orders: PostgresOrders;
  let answer: Outcome;

  beforeAll(async () => {
    postgres = await newPostgresForTest();
    database = await postgres.open('orders', ['orders']);
    orders = new PostgresOrders(database);
  });
  afterAll(() => postgres.remove());

  const coordinator = {
    execute: ({ gid }: { gid: string }): Promise<ExecuteResult> =>
      Promise.resolve({
        outcome: 'success',
        reply: { gid, outcome: answer, code: '', retryAfterMs: 1_000, sender: '', sentAtUs: 0 },
      }),
  } as unknown as CoordinatorChannels;

  const place = (accountId: string, idempotencyKey: string) => {
    const prices = new PriceList({ quote: () => Promise.resolve(new Map([['MUG', 990]])) });
    const placeOrder = new PlaceOrder(orders, prices, new CoordinatedExecution(database, coordinator));
    const request = {
      accountId,
      idempotencyKey,
      protocol: 'saga' as const,
      items: [{ sku: 'MUG', quantity: 1 }],
    };
    return placeOrder.place(request, Date.now() + 5_000);
  };

  it('is rejected, and its key may be used again', async () => {
    const [accountId, key] = [randomUUID(), randomUUID()];
    answer = Outcome.OVERLOADED;
    for (let time = 0; time < 2; time += 1)
      expect(await place(accountId, key)).toEqual({ result: 'overloaded', retryAfterMs: 1_000 });
    answer = Outcome.COMMITTED;
    expect(await place(accountId, key)).toMatchObject({ result: 'placed', order: { status: 'CONFIRMED' } });

    const { items } = await orders.ofAccount(accountId, 1, 10);
    expect(items.map(({ status, code }) => [status, code])).toEqual([
      ['PENDING', undefined],
      ['REJECTED', 'too-many-orders'],
      ['REJECTED', 'too-many-orders'],
    ]);
  });

  it('stays PENDING when it was recorded before: somebody else has promised to finish it', async () => {
    const [accountId, key] = [randomUUID(), randomUUID()];
    answer = Outcome.UNSPECIFIED;
    expect(await place(accountId, key)).toMatchObject({ result: 'placed', order: { status: 'PENDING' } });
    answer = Outcome.OVERLOADED;
    expect(await place(accountId, key)).toMatchObject({ result: 'placed', order: { status: 'PENDING' } });
  });
});
