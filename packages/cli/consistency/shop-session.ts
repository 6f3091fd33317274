import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';

import { headerNamed, type HttpConnection, type HttpOutcome, type HttpRequest } from './http-connection.js';
import type { ObservedAccount } from './observed-account.js';
import type { JudgedReads } from './shop-history.js';

const sessionHeader = headerNamed('x-session');
const readFromHeader = headerNamed('x-read-from');

const balanceSchema = z.object({ balanceMinor: z.number() });
const orderSchema = z.object({ status: z.string() });
const problemSchema = z.object({ code: z.string() });

/** Of so many reads one asks another service for the newest order instead of the balance. */
const readsForEachOrder = 4;
/** A shop that refuses is not asked again at once. */
const pauseAfterRefusalMs = 20;

/** What a reply says that read nothing. */
const notThere = 404;
const lost = 'session-lost';

let sessions = 0;

/** One client of an account, with a session token of its own, which reads one thing after the other. */
export class ShopSession {
  private sessionToken: string | undefined;
  private name = newName();
  private reads = 0;
  /** How often a failover has lost what the session knew. */
  timesLost = 0;

  constructor(
    readonly account: ObservedAccount,
    private readonly connection: HttpConnection,
    /** The X-Consistency header of its reads. */
    private readonly consistency: string,
    private readonly history: JudgedReads,
  ) {}

  get id(): string {
    return this.name;
  }

  /** Reads once, and has it judged. */
  async readOnce(): Promise<void> {
    this.reads += 1;
    const { latestOrder } = this.account;
    if (latestOrder !== undefined && this.reads % readsForEachOrder === 0) {
      await this.read(`/api/orders/${latestOrder.id}`, (body) => {
        // An order that is not confirmed yet is read from before its end.
        const isThere = body !== undefined && orderSchema.parse(body).status === 'CONFIRMED';
        const version = isThere ? latestOrder.version : latestOrder.version - 1;
        return { key: this.account.ordersKey, version, absent: !isThere };
      });
      return;
    }
    await this.read(`/api/accounts/${this.account.id}`, (body) => {
      if (body === undefined) return { key: this.account.balanceKey, version: -1, absent: true };
      const { balanceMinor } = balanceSchema.parse(body);
      return { key: this.account.balanceKey, version: this.account.versionOf(balanceMinor), absent: false };
    });
  }

  /** Goes on as a new session that knows what `other` knows, by its token. */
  beginFrom(other: ShopSession): void {
    this.beginAnew();
    this.sessionToken = other.sessionToken;
    this.history.checker.handOver(other.name, this.name);
  }

  /** Makes a call of the session, with its token, and keeps the token that comes back. */
  async send(request: HttpRequest): Promise<HttpOutcome> {
    const { sessionToken } = this;
    const outcome = await this.connection.request({
      ...request,
      headers: {
        Authorization: `Bearer ${this.account.token}`,
        ...(sessionToken !== undefined && { 'X-Session': sessionToken }),
        ...request.headers,
      },
    });
    if (outcome.kind === 'response') {
      this.sessionToken = sessionHeader(outcome.head) ?? this.sessionToken;
      // A failover has lost what the token stands for. The shop says so, and the client has to begin anew.
      if (codeOf(outcome) === lost) {
        this.history.sessionsLost += 1;
        this.timesLost += 1;
        this.beginAnew();
      }
    }
    return outcome;
  }

  /** Without a token, and knowing nothing. */
  beginAnew(): void {
    this.history.checker.endSession(this.name);
    this.name = newName();
    this.sessionToken = undefined;
  }

  close(): void {
    this.connection.close();
  }

  private async read(
    path: string,
    observe: (body: unknown) => { key: string; version: number; absent: boolean },
  ): Promise<void> {
    const startedAt = performance.now();
    const headers = { 'X-Consistency': this.consistency };
    const outcome = await this.send({ method: 'GET', path, headers });
    if (outcome.kind === 'response' && (outcome.status === 200 || outcome.status === notThere)) {
      const observed = observe(outcome.status === 200 ? JSON.parse(outcome.body) : undefined);
      const server = readFromHeader(outcome.head) ?? 'not told';
      this.history.read({ ...observed, session: this.name, startedAt, endedAt: performance.now(), server });
      return;
    }
    this.history.refuse(codeOf(outcome));
    await delay(pauseAfterRefusalMs);
  }
}

function newName(): string {
  return `session-${++sessions}`;
}

/** Why there was no answer: the problem's code, the status, or `no answer`. */
export function codeOf(outcome: HttpOutcome): string {
  if (outcome.kind === 'lost') return 'no answer';
  if (outcome.status < 400) return String(outcome.status);
  try {
    return problemSchema.parse(JSON.parse(outcome.body)).code;
  } catch {
    // The door's own answer, when it reaches no service.
    return String(outcome.status);
  }
}
