import { randomUUID } from 'node:crypto';
import {
  type Answer,
  Customer,
  isSessionLost,
  type Order,
  orderSchema,
  type Product,
} from '../e2e/shop-client.js';
import { waitUntil } from '../e2e/wait-until.js';

/** Everything is decided and known within this time after the last fault. */
export const FINAL_DEADLINE_MS = 20_000;

export interface StreamPlan {
  readonly products: readonly Product[];
  /** Taken in turn. */
  readonly protocols?: readonly string[];
  /** A product that inventory refuses; one order in ten asks for it. */
  readonly soldOut?: string;
  readonly finalDeadlineMs?: number;
}

const OPENING_BALANCE_MINOR = 10_000_000;
/** Less than anything costs. */
const POOR_MINOR = 1;
const IN_FLIGHT = 6;

/** What each customer has. */
export type Balances = ReadonlyMap<Customer, number>;

interface Attempt {
  customer: Customer;
  key: string;
  order: { items: { sku: string; quantity: number }[]; protocol: string };
  /** Undefined: the answer was lost, which says nothing about the order. */
  answer: Answer | undefined;
}

/** A bounded stream of orders that goes on through failures, and remembers what it was told. */
export class OrderStream {
  readonly #attempts: Attempt[] = [];
  readonly #customers: Customer[];
  private readonly plan: Required<StreamPlan>;

  constructor(
    private readonly balancesBefore: Balances,
    plan: StreamPlan,
  ) {
    this.#customers = [...balancesBefore.keys()];
    this.plan = {
      protocols: ['saga', 'tcc', '2pc'],
      soldOut: '',
      finalDeadlineMs: FINAL_DEADLINE_MS,
      ...plan,
    };
  }

  static async open(baseUrl: string, plan: StreamPlan): Promise<OrderStream> {
    return new OrderStream(await OrderStream.newCustomers(baseUrl), plan);
  }

  /** Of the customers one is poor, so that some orders have to be undone half-way. */
  static async newCustomers(baseUrl: string): Promise<Balances> {
    const balances = [...Array.from({ length: IN_FLIGHT - 1 }, () => OPENING_BALANCE_MINOR), POOR_MINOR];
    const customers = await Promise.all(
      balances.map(async (balance) => [await Customer.open(baseUrl, balance), balance] as const),
    );
    return new Map(customers);
  }

  /** Places `count` orders, the protocols in turn; calls `onPlaced` after each with the number of orders placed. */
  async place(count: number, onPlaced: (placed: number) => void): Promise<void> {
    let started = 0;
    let placed = 0;
    const worker = async (): Promise<void> => {
      while (started < count) {
        const attempt = this.#newAttempt(started++);
        this.#attempts.push(attempt);
        attempt.answer = await send(attempt);
        onPlaced(++placed);
      }
    };
    await Promise.all(Array.from({ length: IN_FLIGHT }, worker));
  }

  /** Customers and products take turns, so that orders meet each other now and then, but not all the time. */
  #newAttempt(index: number): Attempt {
    const customer = this.#customers[index % this.#customers.length];
    const { products, protocols, soldOut } = this.plan;
    const one = products[index % products.length];
    const other = products[(index + 1) % products.length];
    if (customer === undefined || one === undefined || other === undefined) {
      throw new Error('a stream of orders needs customers and products');
    }
    const skus = soldOut !== '' && index % 10 === 7 ? [soldOut] : [one.sku, other.sku];
    const items = skus.map((sku) => ({ sku, quantity: 1 }));
    const protocol = protocols[Math.floor(index / this.#customers.length) % protocols.length] ?? '';
    return { customer, key: randomUUID(), order: { items, protocol }, answer: undefined };
  }

  get lostAnswers(): number {
    return this.#attempts.filter((attempt) => attempt.answer === undefined).length;
  }

  /** Waits until every order that the shop has told of is final, by looking at it; then asks again for the lost ones. */
  async settle(): Promise<Order[]> {
    return Promise.all(this.#attempts.map((attempt) => settleAttempt(attempt, this.plan.finalDeadlineMs)));
  }

  /** Of each customer what is left, and what should be left after the confirmed orders. */
  async balances(): Promise<{ expected: number[]; actual: number[] }> {
    const orders = await Promise.all(
      this.#attempts.map((attempt) => settleAttempt(attempt, this.plan.finalDeadlineMs)),
    );
    const expected = this.#customers.map((customer) => {
      const spent = orders.filter(
        (order, index) => this.#attempts[index]?.customer === customer && order.status === 'CONFIRMED',
      );
      const opening = this.balancesBefore.get(customer) ?? 0;
      return opening - spent.reduce((sum, order) => sum + (order.totalMinor ?? 0), 0);
    });
    return {
      expected,
      actual: await Promise.all(this.#customers.map((customer) => customer.balanceMinor())),
    };
  }
}

async function send({ customer, order, key }: Attempt): Promise<Answer | undefined> {
  try {
    const answer = await customer.postOrder(order, key);
    // Nothing was done; the next request starts a new session.
    if (isSessionLost(answer)) return undefined;
    // 5xx leaves open what happened, like no answer at all.
    return answer.status < 500 ? answer : undefined;
  } catch {
    return undefined;
  }
}

async function settleAttempt(attempt: Attempt, deadlineMs: number): Promise<Order> {
  const location = attempt.answer?.headers.get('location');
  return typeof location === 'string'
    ? watch(attempt.customer, location, deadlineMs)
    : askAgain(attempt, deadlineMs);
}

async function watch(customer: Customer, location: string, deadlineMs: number): Promise<Order> {
  let last = 'nothing';
  return waitUntil(
    `a final state of ${location}`,
    deadlineMs,
    async () => {
      const answer = await customer.get(location).catch(() => undefined);
      last = `${answer?.status} ${answer?.text}`;
      if (answer?.status !== 200) return undefined;
      const order = orderSchema.parse(answer.body);
      return order.status === 'PENDING' ? undefined : order;
    },
    () => `The last answer was ${last}`,
  );
}

async function askAgain(attempt: Attempt, deadlineMs: number): Promise<Order> {
  let last = 'nothing';
  const answer = await waitUntil(
    `a final answer under the key ${attempt.key}`,
    deadlineMs,
    async () => {
      const again = await send(attempt);
      last = `${again?.status} ${again?.text}`;
      return again === undefined || again.status === 202 ? undefined : again;
    },
    () => `The last answer was ${last}`,
  );
  attempt.answer = answer;
  const location = answer.headers.get('location');
  if (location === null)
    throw new Error(`no order under the key ${attempt.key}: ${answer.status} ${answer.text}`);
  return watch(attempt.customer, location, deadlineMs);
}
