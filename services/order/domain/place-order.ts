import { createHash } from 'node:crypto';
import type { CommitProtocolName } from '#protocols/commit/catalogue.js';
import type { ExecutionResult, OrderExecution } from './order-execution.js';
import { newOrderId } from './order-shards.js';
import type { NewOrder, Order, OrderStatus, Orders, PricedItem, RequestedItem } from './orders.js';
import type { PriceList } from './price-list.js';

export interface PlaceOrderRequest {
  readonly accountId: string;
  readonly idempotencyKey: string;
  readonly protocol: CommitProtocolName;
  readonly items: readonly RequestedItem[];
}

export type PlaceOrderResult =
  /** In one of the three states. */
  | { result: 'placed'; order: Order }
  /** The key was used for something else. */
  | { result: 'key-reused' }
  /** Nothing was done, and the key may be used again. */
  | { result: 'overloaded'; retryAfterMs: number };

/** A price is asked for within this part of the time that the order has. */
const quoteShare = 0.5;

/** Places an order: prices it, records it under its idempotency key, and executes it. */
export class PlaceOrder {
  constructor(
    private readonly orders: Orders,
    private readonly prices: PriceList,
    private readonly execution: OrderExecution,
  ) {}

  /** Answers by `deadlineAtMs` (epoch milliseconds), with a PENDING order if need be. */
  async place(request: PlaceOrderRequest, deadlineAtMs: number): Promise<PlaceOrderResult> {
    const now = Date.now();
    const skus = request.items.map(({ sku }) => sku);
    const prices = await this.prices.quote(skus, now + (deadlineAtMs - now) * quoteShare);
    const order = this.newOrder(request);
    if (prices === 'unavailable') return this.record(order, request, deadlineAtMs);

    const items = priced(request.items, prices);
    if (items === undefined) {
      return this.record({ ...order, status: 'REJECTED', code: 'unknown-sku' }, request, deadlineAtMs);
    }
    const pricedOrder = { ...order, items, totalMinor: totalOf(items) };
    const result = await this.execution.place(pricedOrder, deadlineAtMs);
    if (result.outcome === 'duplicate') return this.repeat(request, deadlineAtMs);
    if (result.outcome === 'overloaded') return { result: 'overloaded', retryAfterMs: result.retryAfterMs };
    if (result.outcome === 'rejected' && result.code === 'price-changed') this.prices.forget(skus);
    return { result: 'placed', order: withOutcome(pricedOrder, result) };
  }

  private newOrder(request: PlaceOrderRequest): NewOrder {
    const { accountId, idempotencyKey, items } = request;
    const protocol = this.execution.protocolOf(request.protocol);
    const requestHash = hashOf(request);
    const createdAt = new Date().toISOString();
    return {
      id: newOrderId(accountId),
      accountId,
      idempotencyKey,
      requestHash,
      protocol,
      items,
      status: 'PENDING',
      totalMinor: null,
      createdAt,
    };
  }

  /** Records an order that cannot be executed now: rejected already, or waiting for its prices. */
  private async record(
    order: NewOrder,
    request: PlaceOrderRequest,
    deadlineAtMs: number,
  ): Promise<PlaceOrderResult> {
    const added = await this.orders.add(order);
    if (added === 'duplicate') return this.repeat(request, deadlineAtMs);
    return { result: 'placed', order };
  }

  /** The answer to a request whose key the account has used before: the same order, as far as it has come. */
  private async repeat(request: PlaceOrderRequest, deadlineAtMs: number): Promise<PlaceOrderResult> {
    const found = await this.orders.byKey(request.accountId, request.idempotencyKey);
    if (found === undefined) throw new Error('An idempotency key is taken, but its order is missing');
    if (found.requestHash !== hashOf(request)) return { result: 'key-reused' };
    const { order } = found;
    if (order.status !== 'PENDING' || order.totalMinor === null) return { result: 'placed', order };
    return { result: 'placed', order: withOutcome(order, await this.execution.resume(order, deadlineAtMs)) };
  }
}

/** The items with their prices, or undefined when one of them is not sold. */
export function priced(
  items: readonly RequestedItem[],
  prices: ReadonlyMap<string, number | undefined>,
): PricedItem[] | undefined {
  const result: PricedItem[] = [];
  for (const { sku, quantity } of items) {
    const priceMinor = prices.get(sku);
    if (priceMinor === undefined) return undefined;
    result.push({ sku, quantity, priceMinor });
  }
  return result;
}

export function totalOf(items: readonly PricedItem[]): number {
  return items.reduce((sum, { quantity, priceMinor }) => sum + quantity * priceMinor, 0);
}

function withOutcome(order: Order, result: ExecutionResult): Order {
  const status: OrderStatus =
    result.outcome === 'committed' ? 'CONFIRMED' : result.outcome === 'rejected' ? 'REJECTED' : 'PENDING';
  return result.outcome === 'rejected' ? { ...order, status, code: result.code } : { ...order, status };
}

/** Two requests with the same hash ask for the same thing. */
function hashOf({ protocol, items }: PlaceOrderRequest): string {
  const canonical = JSON.stringify([protocol, items.map(({ sku, quantity }) => [sku, quantity])]);
  return createHash('sha256').update(canonical).digest('base64url');
}
