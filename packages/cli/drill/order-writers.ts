import { randomBytes, randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';

import { Failure } from '../failure.js';
import { describeAnswer, FrontDoorClient, type Answer } from '../front-door-client.js';
import { waitFor } from '../wait-for.js';

/** What the shop has said of an order: CONFIRMED, acknowledged for good. */
export interface AcknowledgedOrder {
  readonly id: string;
  readonly customer: Customer;
  readonly atMs: number;
}

/** An answer that was no acknowledgement: a refusal, or the third state. */
export interface OtherAnswer {
  /** The problem's code, or what is known of an answer without one. */
  readonly reason: string;
  readonly atMs: number;
}

export interface WritersPlan {
  readonly clients: number;
  /** How long an answer is waited for before it counts as unknown. */
  readonly answerMs: number;
  /**
   * Whether an order without a certain answer is asked for again under its key, until there is one; otherwise it is
   * counted, and another is placed.
   */
  readonly insists: boolean;
}

const tokenSchema = z.object({ token: z.string() });
const orderSchema = z.object({ id: z.string() });
const problemSchema = z.object({ code: z.string() });
const pageSchema = z.object({ items: z.array(z.object({ sku: z.string(), available: z.number() })) });

/** More than a long drill takes of a product. */
const plenty = 100_000;
const openingBalanceMinor = 1_000_000_000_000;
const setUpTimeoutMs = 20_000;
const retryPauseMs = 40;
/** Tokens live for 15 minutes. */
const renewAfterMs = 8 * 60_000;
const productsLooked = 100;

/** A customer with an account of its own, made for the occasion. */
export class Customer {
  private token: { readonly text: string; readonly atMs: number } | undefined;
  private readonly owner = `drill-${randomUUID()}`;
  private readonly password = randomBytes(12).toString('base64url');

  constructor(private readonly client: FrontDoorClient) {}

  async open(): Promise<void> {
    const { owner, password } = this;
    const body = { owner, password, openingBalanceMinor };
    await insist('An account could not be opened', async () => {
      const answer = await this.client.call({ method: 'POST', path: '/api/accounts', body });
      // The answer before may have been lost.
      return { answer, isGood: answer.kind === 'answer' && [201, 409].includes(answer.status) };
    });
    await this.renew();
  }

  /** A token that lives long enough for the next call. */
  async bearer(): Promise<string> {
    if (this.token === undefined || performance.now() - this.token.atMs > renewAfterMs) await this.renew();
    return this.token?.text ?? '';
  }

  private async renew(): Promise<void> {
    const { owner, password } = this;
    const answer = await insist('A customer could not log in', async () => {
      const given = await this.client.call({
        method: 'POST',
        path: '/api/tokens',
        body: { owner, password },
      });
      return { answer: given, isGood: given.kind === 'answer' && given.status < 300 };
    });
    const { token } = tokenSchema.parse(answer.kind === 'answer' ? answer.body : undefined);
    this.token = { text: token, atMs: performance.now() };
  }
}

async function insist(
  failure: string,
  ask: () => Promise<{ answer: Answer; isGood: boolean }>,
): Promise<Answer> {
  let last: Answer = { kind: 'unknown', reason: 'nothing was asked' };
  const good = await waitFor(
    async () => {
      const { answer, isGood } = await ask();
      last = answer;
      return isGood && answer;
    },
    { timeoutMs: setUpTimeoutMs },
  );
  if (good === undefined) throw new Failure(`${failure}: ${describeAnswer(last)}`);
  return good;
}

/** Customers who order without a pause, and remember what was acknowledged and what was not. */
export class OrderWriters {
  readonly acknowledged: AcknowledgedOrder[] = [];
  private others: OtherAnswer[] = [];
  private readonly client: FrontDoorClient;
  private skus: string[] = [];
  private work: Promise<unknown> = Promise.resolve();
  private stopped = true;
  private customers: Customer[] = [];

  constructor(
    url: string,
    private readonly plan: WritersPlan,
  ) {
    this.client = new FrontDoorClient(url);
  }

  async open(): Promise<void> {
    const answer = await this.client.call({
      method: 'GET',
      path: `/api/products?pageSize=${productsLooked}`,
    });
    const page = pageSchema.safeParse(answer.kind === 'answer' ? answer.body : undefined);
    this.skus = (page.data?.items ?? []).filter(({ available }) => available > plenty).map(({ sku }) => sku);
    if (this.skus.length === 0) throw new Failure('The shop has no product in plenty that could be ordered.');
    this.customers = Array.from({ length: this.plan.clients }, () => new Customer(this.client));
    await Promise.all(this.customers.map((customer) => customer.open()));
  }

  start(): void {
    this.stopped = false;
    this.work = Promise.all(this.customers.map((customer, index) => this.write(customer, index)));
    // Told when they are stopped.
    this.work.catch(() => undefined);
  }

  /** What was refused or left open since the last time that it was forgotten. */
  get notAcknowledged(): readonly OtherAnswer[] {
    return this.others;
  }

  forgetNotAcknowledged(): void {
    this.others = [];
  }

  async stop(): Promise<void> {
    this.stopped = true;
    await this.work;
  }

  /** Of the orders those that are not CONFIRMED any more. */
  async findLost(orders: readonly AcknowledgedOrder[]): Promise<AcknowledgedOrder[]> {
    const open = [...orders];
    const lost: AcknowledgedOrder[] = [];
    const check = async (): Promise<void> => {
      for (let order = open.pop(); order !== undefined; order = open.pop()) {
        if (!(await this.isConfirmed(order))) lost.push(order);
      }
    };
    await Promise.all(Array.from({ length: checksAtOnce }, check));
    return lost;
  }

  /** What is missing is missing at once; what is PENDING may still be brought to its end by the coordinator. */
  private async isConfirmed({ id, customer }: AcknowledgedOrder): Promise<boolean> {
    let last: Answer = { kind: 'unknown', reason: 'nothing was asked' };
    const verdict = await waitFor(
      async () => {
        last = await this.client.call({
          method: 'GET',
          path: `/api/orders/${id}`,
          token: await customer.bearer(),
          headers: { 'x-consistency': 'strong' },
        });
        if (last.kind === 'unknown') return undefined;
        if (last.status === 404) return 'lost';
        const status = z.object({ status: z.string() }).safeParse(last.body).data?.status;
        if (last.status !== 200 || status === 'PENDING') return undefined;
        return status === 'CONFIRMED' ? 'confirmed' : 'lost';
      },
      { timeoutMs: settleTimeoutMs, intervalMs: retryPauseMs },
    );
    if (verdict === undefined && last.kind === 'unknown')
      throw new Failure(`The order ${id} cannot be looked at: ${describeAnswer(last)}`);
    return verdict === 'confirmed';
  }

  private async write(customer: Customer, index: number): Promise<void> {
    for (let turn = index; !this.stopped; turn += this.plan.clients) {
      const sku = this.skus[turn % this.skus.length] ?? '';
      await this.placeOrder(customer, sku, randomUUID());
    }
  }

  private async placeOrder(customer: Customer, sku: string, key: string): Promise<void> {
    const body = { items: [{ sku, quantity: 1 }] };
    do {
      const answer = await this.client.call({
        method: 'POST',
        path: '/api/orders',
        token: await customer.bearer(),
        headers: { 'idempotency-key': key },
        body,
        timeoutMs: this.plan.answerMs,
      });
      if (answer.kind === 'answer' && answer.status === 201) {
        const { id } = orderSchema.parse(answer.body);
        this.acknowledged.push({ id, customer, atMs: performance.now() });
        return;
      }
      this.others.push({ reason: reasonOf(answer), atMs: performance.now() });
      // Decided otherwise: the order is rejected, and that is an answer.
      if (answer.kind === 'answer' && [409, 422].includes(answer.status)) return;
      await delay(retryPauseMs);
    } while (this.plan.insists && !this.stopped);
  }
}

const checksAtOnce = 8;
/** Everything is decided within this time when all processes are there. */
const settleTimeoutMs = 30_000;

function reasonOf(answer: Answer): string {
  if (answer.kind === 'unknown') return answer.code ?? 'no-answer';
  if (answer.status === 202) return 'pending';
  return problemSchema.safeParse(answer.body).data?.code ?? `status-${answer.status}`;
}

export function countReasons(answers: readonly OtherAnswer[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { reason } of answers) counts[reason] = (counts[reason] ?? 0) + 1;
  return counts;
}
