import type { Outcome } from '#protocols/commit/messages.js';
import type { SimulatedProcess } from '../kernel/simulated-process.js';
import type { World } from '../kernel/world.js';

/** What a customer hears; `pending`: nobody knows yet. */
export type OrderAnswer = { gid: number; answer: Outcome['outcome'] | 'pending' };

/** The order service's own table, as far as orders are placed and resumed: durable, shared by its processes. */
export interface OrderBook {
  /** The order under this key: the one that is there, or a new one, in one statement. */
  record(key: number): { gid: number; isNew: boolean };
  /** A new order, whatever its key. */
  add(key: number): number;
  /** How an order has ended, by its row. */
  statusOf(gid: number): OrderAnswer['answer'];
  /** Orders that are still PENDING and were placed before. */
  unfinished(beforeMs: number): readonly number[];
}

/** Asks the coordinator that takes orders, if the process knows one; the answer may never come. */
export type Execute = (
  from: SimulatedProcess,
  gid: number,
  resumed: boolean,
  reply: (outcome: Outcome) => void,
) => void;

export const abandonedAfterMs = 3_000;
const sweepEveryMs = 1_000;
const answerWithinMs = 2_000;

/** One process of the order service: places orders under their idempotency key, and resumes what stays PENDING. */
export class OrderDesk {
  constructor(
    protected readonly world: World,
    readonly process: SimulatedProcess,
    protected readonly book: OrderBook,
    private readonly ask: Execute,
  ) {
    process.whenStarted.push(() => this.sweepLater());
  }

  /** Answers in time, with `pending` if need be. The order is recorded before anything is done for it. */
  place(key: number, answer: (answer: OrderAnswer) => void): void {
    this.world.plan(undefined, this.world.random.between(0.5, 2), () => {
      const { gid, isNew } = this.book.record(key);
      this.recorded(() => {
        const status = this.book.statusOf(gid);
        if (status === 'pending') this.execute(gid, !isNew, answer);
        else answer({ gid, answer: status });
      });
    });
  }

  /** The statement has come back, if the process that sent it is still there. */
  protected recorded(then: () => void): void {
    this.world.plan(this.process, 0.5, then);
  }

  protected execute(gid: number, resumed: boolean, answer: (answer: OrderAnswer) => void): void {
    let isAnswered = false;
    const finish = (result: OrderAnswer['answer']): void => {
      if (isAnswered) return;
      isAnswered = true;
      answer({ gid, answer: result });
    };
    this.ask(this.process, gid, resumed, ({ outcome }) => finish(outcome));
    this.world.plan(this.process, answerWithinMs, () => finish('pending'));
  }

  private sweepLater(): void {
    this.world.planBackground(this.process, sweepEveryMs, () => {
      this.sweepLater();
      for (const gid of this.book.unfinished(this.world.nowMs - abandonedAfterMs))
        this.ask(this.process, gid, true, () => undefined);
    });
  }
}
