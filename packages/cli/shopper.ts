import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';

import { Failure } from './failure.js';
import {
  describeAnswer,
  problemSchema,
  type Answer,
  type Call,
  type FrontDoorClient,
} from './front-door-client.js';
import type { SeededUser } from './users.js';

export interface NewOrder {
  readonly items: ReadonlyArray<{ readonly sku: string; readonly quantity: number }>;
  readonly protocol?: string | undefined;
}

/** UNKNOWN: no answer came before the deadline. FAILED: the shop refused the call itself. */
export type Outcome = 'CONFIRMED' | 'REJECTED' | 'PENDING' | 'UNKNOWN' | 'FAILED';

export interface PlacedOrder {
  readonly outcome: Outcome;
  readonly id?: string | undefined;
  readonly code?: string | undefined;
  readonly totalMinor?: number | undefined;
  readonly idempotencyKey: string;
  readonly servedBy: string;
  /** Until the outcome was known; while it was not, until the last answer. */
  readonly latencyMs: number;
  /** When the shop said that it did not know the outcome yet. */
  readonly pendingAfterMs?: number | undefined;
  readonly attempts: number;
}

export interface PlaceOptions {
  /** Goes on asking while the order is pending. */
  readonly wait?: boolean | undefined;
  /** Names the request in every process, for faults and traces. */
  readonly correlationId?: string | undefined;
}

const tokenSchema = z.object({ token: z.string() });
const pageSchema = z.object({ items: z.array(z.object({ sku: z.string(), available: z.number() })) });

/** An order, or the problem that its refusal is told as. */
const outcomeSchema = z.object({
  id: z.string().optional(),
  orderId: z.string().optional(),
  status: z.union([z.string(), z.number()]).optional(),
  code: z.string().optional(),
  totalMinor: z.number().optional(),
  // A refusal shows the order that was refused.
  order: z.object({ id: z.string(), totalMinor: z.number().nullish() }).optional(),
});

const firstRetryMs = 50;
const longestRetryMs = 1_000;
const pollIntervalMs = 200;
const productsLooked = 100;

/** A user of the shop who places orders and does not take a lost answer for a refusal. */
export class Shopper {
  private token: string | undefined;
  /** The latest that the shop has answered: where the shopper's writes are, which every later read must show. */
  private session: string | undefined;

  constructor(
    private readonly client: FrontDoorClient,
    private readonly user: SeededUser,
    private readonly timeoutMs: number,
  ) {}

  async logIn(): Promise<void> {
    const { owner, password } = this.user;
    const call = { method: 'POST', path: '/api/tokens', body: { owner, password } } as const;
    const { answer } = await this.callUntilAnswered(call, performance.now() + this.timeoutMs);
    const body = answer.kind === 'answer' ? tokenSchema.safeParse(answer.body) : undefined;
    if (!body?.success) throw new Failure(`${owner} cannot log in: ${describeAnswer(answer)}`);
    this.token = body.data.token;
  }

  /** Products that can be bought; all that were found when none can. */
  async listSkus(): Promise<string[]> {
    const call = { method: 'GET', path: `/api/products?pageSize=${productsLooked}` } as const;
    const { answer } = await this.callUntilAnswered(call, performance.now() + this.timeoutMs);
    const body = answer.kind === 'answer' ? pageSchema.safeParse(answer.body) : undefined;
    if (!body?.success) throw new Failure(`The products cannot be listed: ${describeAnswer(answer)}`);
    const { items } = body.data;
    if (items.length === 0) throw new Failure('The shop has no products.');
    const available = items.filter((item) => item.available > 0);
    return (available.length > 0 ? available : items).map(({ sku }) => sku);
  }

  /**
   * Places one order. A lost answer, and one that says later, is asked for again under the same key until the deadline, which
   * cannot place the order twice.
   */
  async placeOrder(order: NewOrder, { wait, correlationId }: PlaceOptions = {}): Promise<PlacedOrder> {
    const idempotencyKey = randomUUID();
    const started = performance.now();
    const deadline = started + this.timeoutMs;
    const headers = {
      'idempotency-key': idempotencyKey,
      ...(correlationId !== undefined && { 'x-correlation-id': correlationId }),
    };
    const { answer, attempts } = await this.callUntilAnswered(
      { method: 'POST', path: '/api/orders', body: order, headers },
      deadline,
    );
    const placed = readOutcome(answer);
    const pendingAfterMs = placed.outcome === 'PENDING' ? performance.now() - started : undefined;
    const final =
      wait === true && placed.outcome === 'PENDING' && placed.id !== undefined
        ? await this.pollOrder(placed.id, placed, deadline)
        : placed;
    return { ...final, idempotencyKey, latencyMs: performance.now() - started, pendingAfterMs, attempts };
  }

  private async pollOrder(id: string, pending: ReadOutcome, deadline: number): Promise<ReadOutcome> {
    for (;;) {
      const { answer } = await this.callUntilAnswered({ method: 'GET', path: `/api/orders/${id}` }, deadline);
      const read = readOutcome(answer);
      if (answer.kind === 'answer' && read.outcome !== 'PENDING') return read;
      if (performance.now() >= deadline) return pending;
      await delay(pollIntervalMs);
    }
  }

  private async callUntilAnswered(
    call: Call,
    deadline: number,
  ): Promise<{ answer: Answer; attempts: number }> {
    let pauseMs = firstRetryMs;
    let renewed = false;
    for (let attempts = 1; ; attempts++) {
      const answer = await this.callInSession(call);
      if (answer.kind === 'answer' && answer.status === 401 && this.token !== undefined && !renewed) {
        // A token is short-lived; a long run outlives it.
        renewed = true;
        this.token = undefined;
        await this.logIn();
        continue;
      }
      const retryAfterMs = answer.kind === 'answer' ? answer.retryAfterMs : pauseMs;
      if (retryAfterMs === undefined) return { answer, attempts };
      if (performance.now() + retryAfterMs >= deadline) return { answer, attempts };
      await delay(retryAfterMs);
      pauseMs = Math.min(pauseMs * 2, longestRetryMs);
    }
  }

  /** A session of which a failover has lost a part is refused before anything is done; a new one begins with the same call. */
  private async callInSession(call: Call): Promise<Answer> {
    const { session, token } = this;
    const answer = await this.client.call({
      ...call,
      token,
      headers: { ...call.headers, ...(session !== undefined && { 'x-session': session }) },
    });
    if (answer.kind === 'unknown') return answer;
    const lost = session !== undefined && isSessionLost(answer.body);
    this.session = lost ? undefined : (answer.session ?? this.session);
    return lost ? this.callInSession(call) : answer;
  }
}

function isSessionLost(body: unknown): boolean {
  const problem = problemSchema.safeParse(body);
  return problem.success && problem.data.code === 'session-lost';
}

type ReadOutcome = Pick<PlacedOrder, 'outcome' | 'id' | 'code' | 'totalMinor' | 'servedBy'>;

function readOutcome(answer: Answer): ReadOutcome {
  if (answer.kind === 'unknown') return { outcome: 'UNKNOWN', code: answer.reason, servedBy: '' };
  const { servedBy, status } = answer;
  const body = outcomeSchema.safeParse(answer.body);
  const { id, orderId, code, totalMinor, status: named, order } = body.success ? body.data : {};
  const seen = {
    id: id ?? orderId ?? order?.id,
    code,
    totalMinor: totalMinor ?? order?.totalMinor ?? undefined,
    servedBy,
  };
  return { outcome: outcomeOf(status, named), ...seen };
}

/** A refusal is told with status 409 or 422 and as a problem, whose `status` is a number. */
function outcomeOf(status: number, named: string | number | undefined): Outcome {
  if (named === 'CONFIRMED' || named === 'REJECTED' || named === 'PENDING') return named;
  if (status === 202) return 'PENDING';
  return status === 409 || status === 422 ? 'REJECTED' : 'FAILED';
}
