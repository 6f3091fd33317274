import type { Outcome } from '#protocols/commit/messages.js';
import { Coordinator } from '#simulator/shop/coordinator.js';
import { OrderDesk, type OrderAnswer } from '#simulator/shop/order-desk.js';
import { SharedLog } from '#simulator/shop/shared-log.js';

/** A log, a coordinator and an order service with a known bug each. */

/** The log takes what a deposed coordinator writes. */
export class LogOfEveryTerm extends SharedLog {
  protected override isCurrent(): boolean {
    return true;
  }
}

/** A request that comes late begins the transaction again. */
export class BeginsAgain extends Coordinator {
  protected override endedInTerm(): Outcome | undefined {
    return undefined;
  }
}

/** The key is looked up when the order has been executed. */
export class KeyAfterEffect extends OrderDesk {
  override place(key: number, answer: (answer: OrderAnswer) => void): void {
    this.world.plan(undefined, this.world.random.between(0.5, 2), () => {
      const gid = this.book.add(key);
      this.recorded(() =>
        this.execute(gid, false, () => {
          const known = this.book.record(key);
          answer({ gid: known.gid, answer: this.book.statusOf(known.gid) });
        }),
      );
    });
  }
}
