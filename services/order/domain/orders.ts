import type { CommitProtocolName } from '#protocols/commit/catalogue.js';

export type OrderStatus = 'PENDING' | 'CONFIRMED' | 'REJECTED';

/**
 * `local` is the one ACID transaction of the stages with one database, `best-effort` the sequence of the stages with several databases
 * and no coordinator.
 */
export type OrderProtocol = CommitProtocolName | 'local' | 'best-effort';

/** Whether a coordinator executes such an order. */
export function isCoordinated(protocol: OrderProtocol): protocol is CommitProtocolName {
  return protocol !== 'local' && protocol !== 'best-effort';
}

export interface RequestedItem {
  readonly sku: string;
  readonly quantity: number;
}

export interface OrderItem extends RequestedItem {
  /** Missing until inventory was asked. */
  readonly priceMinor?: number;
}

export interface PricedItem extends RequestedItem {
  readonly priceMinor: number;
}

export interface Order {
  /** A UUIDv7 that names its account's shard (order-shards.ts); also the gid of the order's transaction. */
  readonly id: string;
  readonly accountId: string;
  readonly status: OrderStatus;
  readonly protocol: OrderProtocol;
  readonly items: readonly OrderItem[];
  readonly totalMinor: number | null;
  /** Why it was rejected. */
  readonly code?: string;
  readonly createdAt: string;
}

export interface NewOrder extends Order {
  readonly idempotencyKey: string;
  /** Tells a repeated request from another one under the same key. */
  readonly requestHash: string;
}

export interface OrderPage {
  readonly items: readonly Order[];
  readonly total: number;
}

/** Where orders are kept. */
export interface Orders {
  /** `duplicate` when the account has used the key before. */
  add(order: NewOrder): Promise<'added' | 'duplicate'>;
  byKey(
    accountId: string,
    idempotencyKey: string,
  ): Promise<{ order: Order; requestHash: string } | undefined>;
  byId(id: string): Promise<Order | undefined>;
  ofAccount(accountId: string, page: number, pageSize: number): Promise<OrderPage>;
  /** Gives an order that was placed without prices its prices. */
  setPrices(id: string, items: readonly PricedItem[], totalMinor: number): Promise<void>;
  reject(id: string, code: string): Promise<void>;
  /** Orders older than `olderThanMs` that are still PENDING and that somebody promised to finish, oldest first. */
  unfinished(olderThanMs: number, limit: number): Promise<Order[]>;
}
