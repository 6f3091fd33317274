import type { Logger } from '#platform/logging/logger.js';
import type { OrderExecution } from './order-execution.js';
import type { Order, Orders } from './orders.js';
import { priced, totalOf } from './place-order.js';
import type { PriceList } from './price-list.js';

/** An order that is older has been given up by the request that placed it. */
const abandonedAfterMs = 3_000;
const everyMs = 1_000;
const atOnce = 50;
const deadlineMs = 2_000;

/**
 * Finishes what a request could not: orders that stayed PENDING because a process died or a participant was
 * silent. Several copies may do so at once, since every step under it has one effect.
 */
export class ResumeOrders {
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly orders: Orders,
    private readonly prices: PriceList,
    private readonly execution: OrderExecution,
    private readonly logger: Logger,
  ) {}

  start(): void {
    this.timer = setTimeout(() => void this.round(), everyMs);
  }

  stop(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
  }

  private async round(): Promise<void> {
    try {
      const unfinished = await this.orders.unfinished(abandonedAfterMs, atOnce);
      await Promise.all(unfinished.map((order) => this.resume(order)));
    } catch (error) {
      this.logger.warn({ err: error }, 'unfinished orders could not be resumed; trying again');
    } finally {
      if (this.timer !== undefined) this.start();
    }
  }

  private async resume(order: Order): Promise<void> {
    const deadlineAtMs = Date.now() + deadlineMs;
    const ready = order.totalMinor === null ? await this.price(order, deadlineAtMs) : order;
    if (ready === undefined) return;
    const result = await this.execution.resume(ready, deadlineAtMs);
    if (result.outcome === 'committed' || result.outcome === 'rejected')
      this.logger.info({ gid: order.id, ...result }, 'an unfinished order was finished');
  }

  /** Undefined when there is still no price, or no such product. */
  private async price(order: Order, deadlineAtMs: number): Promise<Order | undefined> {
    const prices = await this.prices.quote(
      order.items.map(({ sku }) => sku),
      deadlineAtMs,
    );
    if (prices === 'unavailable') return undefined;
    const items = priced(order.items, prices);
    if (items === undefined) {
      await this.orders.reject(order.id, 'unknown-sku');
      return undefined;
    }
    await this.orders.setPrices(order.id, items, totalOf(items));
    // Another copy may have priced it first, with another price: what is recorded counts.
    return this.orders.byId(order.id);
  }
}
