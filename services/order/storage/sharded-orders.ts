import type { Store } from '#platform/contexts/context-databases.js';
import { shardOfAccount, shardOfOrder } from '../domain/order-shards.js';
import type { NewOrder, Order, OrderPage, Orders, PricedItem } from '../domain/orders.js';
import { PostgresOrders } from './orders.js';

/** Orders where they are kept: in one database, or in shards. */
export function openOrders(stores: readonly Store[]): Orders {
  const shards = stores.map(({ database, reads }) => new PostgresOrders(database, reads.own));
  const [only] = shards;
  return only !== undefined && shards.length === 1 ? only : new ShardedOrders(shards);
}

/**
 * Orders in several databases, all of an account in one of them: so its idempotency keys are compared and its orders are listed
 * in one place. What is about one order asks one shard; only what nobody has promised to an account asks all.
 */
export class ShardedOrders implements Orders {
  constructor(private readonly shards: readonly Orders[]) {}

  add(order: NewOrder): Promise<'added' | 'duplicate'> {
    return this.ofOwner(order.accountId).add(order);
  }

  byKey(accountId: string, key: string): Promise<{ order: Order; requestHash: string } | undefined> {
    return this.ofOwner(accountId).byKey(accountId, key);
  }

  byId(id: string): Promise<Order | undefined> {
    return this.ofOrder(id).byId(id);
  }

  ofAccount(accountId: string, page: number, pageSize: number): Promise<OrderPage> {
    return this.ofOwner(accountId).ofAccount(accountId, page, pageSize);
  }

  setPrices(id: string, items: readonly PricedItem[], totalMinor: number): Promise<void> {
    return this.ofOrder(id).setPrices(id, items, totalMinor);
  }

  reject(id: string, code: string): Promise<void> {
    return this.ofOrder(id).reject(id, code);
  }

  /** An order's id begins with the time at which it was made. */
  async unfinished(olderThanMs: number, limit: number): Promise<Order[]> {
    const found = await Promise.all(this.shards.map((shard) => shard.unfinished(olderThanMs, limit)));
    return found
      .flat()
      .sort((one, other) => (one.id < other.id ? -1 : 1))
      .slice(0, limit);
  }

  private ofOwner(accountId: string): Orders {
    return this.shard(shardOfAccount(accountId, this.shards.length));
  }

  private ofOrder(id: string): Orders {
    return this.shard(shardOfOrder(id, this.shards.length));
  }

  private shard(index: number): Orders {
    const shard = this.shards[index];
    if (shard === undefined) throw new Error(`There is no shard ${index} of ${this.shards.length}`);
    return shard;
  }
}
