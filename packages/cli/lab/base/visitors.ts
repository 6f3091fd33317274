import { randomUUID } from 'node:crypto';
import { z } from 'zod';

import {
  headerNamed,
  HttpConnection,
  type HttpOutcome,
  type HttpRequest,
} from '../../consistency/http-connection.js';
import { Customer } from '../../drill/order-writers.js';
import { Failure } from '../../failure.js';
import { describeAnswer, FrontDoorClient } from '../../front-door-client.js';
import type { Ending, Kind } from './tally.js';

/** More than the lab takes of a product. */
const plenty = 100_000;
const productsLooked = 100;

const pageSchema = z.object({ items: z.array(z.object({ sku: z.string(), available: z.number() })) });
const degraded = headerNamed('x-degraded');

interface VisitorsPlan {
  readonly customers: number;
  readonly mostConnections: number;
  readonly deadlineMs: number;
  /** So many look at a product for each that orders. */
  readonly pagesPerOrder: number;
}

export interface Visit {
  readonly kind: Kind;
  readonly ending: Ending;
  readonly latencyMs: number;
}

/** People who look at products and order some, over connections that are kept. */
export class Visitors {
  private readonly client: FrontDoorClient;
  private readonly free: HttpConnection[] = [];
  private connections = 0;
  private visits = 0;
  private tokens: string[] = [];
  private skus: string[] = [];

  constructor(
    private readonly url: string,
    private readonly plan: VisitorsPlan,
  ) {
    this.client = new FrontDoorClient(url);
  }

  async open(): Promise<void> {
    const call = { method: 'GET', path: `/api/products?pageSize=${productsLooked}` } as const;
    const answer = await this.client.call(call);
    const page = pageSchema.safeParse(answer.kind === 'answer' ? answer.body : undefined);
    if (!page.success) throw new Failure(`The products cannot be listed: ${describeAnswer(answer)}`);
    this.skus = page.data.items.filter(({ available }) => available > plenty).map(({ sku }) => sku);
    if (this.skus.length === 0) throw new Failure('The shop has no product in plenty that could be ordered.');
    const customers = Array.from({ length: this.plan.customers }, () => new Customer(this.client));
    for (const customer of customers) {
      // One after the other: each costs a password hash.
      await customer.open();
      this.tokens.push(await customer.bearer());
    }
  }

  /** The next request of the mix; nobody waits for it longer than the deadline. */
  async visit(): Promise<Visit> {
    const number = (this.visits += 1);
    const kind: Kind = number % (this.plan.pagesPerOrder + 1) === 0 ? 'order' : 'page';
    const connection = this.take();
    if (connection === undefined) return { kind, ending: 'timeout', latencyMs: this.plan.deadlineMs };
    const startedAtMs = performance.now();
    const outcome = await connection.request(kind === 'order' ? this.order(number) : this.page(number));
    const latencyMs = performance.now() - startedAtMs;
    this.free.push(connection);
    return { kind, ending: endingOf(kind, outcome, latencyMs > this.plan.deadlineMs), latencyMs };
  }

  close(): void {
    for (const connection of this.free) connection.close();
  }

  private take(): HttpConnection | undefined {
    const free = this.free.pop();
    if (free !== undefined || this.connections >= this.plan.mostConnections) return free;
    this.connections += 1;
    return new HttpConnection(new URL(this.url), this.plan.deadlineMs);
  }

  private order(number: number): HttpRequest {
    const [one = '', other = ''] = [
      this.skus[number % this.skus.length],
      this.skus[(number * 7 + 1) % this.skus.length],
    ];
    const items = [...new Set([one, other])].map((sku) => ({ sku, quantity: 1 }));
    return {
      method: 'POST',
      path: '/api/orders',
      headers: {
        'Content-Type': 'application/json',
        'Idempotency-Key': randomUUID(),
        Authorization: `Bearer ${this.tokens[number % this.tokens.length] ?? ''}`,
      },
      body: JSON.stringify({ items }),
    };
  }

  private page(number: number): HttpRequest {
    return {
      method: 'GET',
      path: `/api/products/${this.skus[number % this.skus.length] ?? ''}`,
      headers: {},
    };
  }
}

function endingOf(kind: Kind, outcome: HttpOutcome, late: boolean): Ending {
  if (late) return 'timeout';
  if (outcome.kind === 'lost') return outcome.reason.startsWith('no answer') ? 'timeout' : 'failed';
  const { status, head, body } = outcome;
  if (status === 202) return 'pending';
  if (status === 429 || (status === 503 && body.includes('"overloaded"'))) return 'refused';
  if (status !== (kind === 'order' ? 201 : 200)) return 'failed';
  return degraded(head) === undefined ? 'good' : 'degraded';
}
