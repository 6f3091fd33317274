import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import type { Write } from '#protocols/consistency/history-checker.js';

import type { HttpOutcome } from './http-connection.js';
import type { ObservedAccount } from './observed-account.js';
import type { ShopHistory } from './shop-history.js';
import { codeOf, type ShopSession } from './shop-session.js';

const orderSchema = z.object({ id: z.string(), status: z.string() });
const balanceSchema = z.object({ balanceMinor: z.number() });

/**
 * Under TCC nothing is debited before the decision, so that no reader sees what is taken back later; and a coordinator
 * answers when every service has confirmed, so that an acknowledged order is there in all of them.
 */
const protocol = 'tcc';

const retryAfterMs = 250;
const resolveTimeoutMs = 60_000;

/** The only writer of an account: a session that orders now and then. */
export class ShopWriter {
  private gaveUp = false;
  private lossesKnown = 0;

  constructor(
    private readonly session: ShopSession,
    private readonly history: ShopHistory,
  ) {}

  /** How the account is when it was opened, which is a write as well. */
  open(): void {
    const write = this.writeOf(0);
    this.history.begin(write);
    this.history.acknowledge(write);
    this.history.writes -= 1;
  }

  /** Places one order, and asks until it is known what became of it. */
  async writeOnce(): Promise<void> {
    if (this.gaveUp || !(await this.isInStep())) return;
    const { account } = this.session;
    const version = account.version + 1;
    const write = this.writeOf(version);
    this.history.begin(write);
    const key = randomUUID();
    const outcome = await this.place(key);
    const order = readOrder(outcome);
    if (order?.status === 'CONFIRMED') this.confirm(write, order.id, version);
    else if (isRefusal(outcome)) this.history.refuse(write);
    else await this.resolve(write, key, version);
  }

  private confirm(write: Write, id: string, version: number): void {
    this.session.account.confirmed({ version, id });
    // The session may have had to begin anew since the write began.
    this.history.acknowledge({ ...write, session: this.session.id });
  }

  /**
   * An order whose outcome was not told counts as acknowledged when it is confirmed and a strong read shows it: only then
   * can nobody say that it was not there yet.
   */
  private async resolve(write: Write, key: string, version: number): Promise<void> {
    this.history.doubtfulWrites += 1;
    const deadline = performance.now() + resolveTimeoutMs;
    while (performance.now() < deadline) {
      await delay(retryAfterMs);
      const outcome = await this.place(key);
      if (isRefusal(outcome)) {
        this.history.refuse(write);
        return;
      }
      const order = readOrder(outcome);
      if (order?.status !== 'CONFIRMED') continue;
      if (((await this.strongVersion()) ?? -1) < version) continue;
      this.confirm(write, order.id, version);
      return;
    }
    this.gaveUp = true;
  }

  /** After a failover that has lost what was acknowledged, the writer counts on from what is left. */
  private async isInStep(): Promise<boolean> {
    const { session } = this;
    if (session.timesLost === this.lossesKnown) return true;
    const shown = await this.strongVersion();
    if (shown === undefined) return false;
    this.lossesKnown = session.timesLost;
    this.history.lostWrites += Math.max(0, session.account.version - shown);
    session.account.goBackTo(shown);
    return true;
  }

  private place(key: string): Promise<HttpOutcome> {
    const { sku } = this.session.account;
    const body = JSON.stringify({ items: [{ sku, quantity: 1 }], protocol });
    const headers = { 'Content-Type': 'application/json', 'Idempotency-Key': key };
    return this.session.send({ method: 'POST', path: '/api/orders', headers, body });
  }

  private async strongVersion(): Promise<number | undefined> {
    const { account } = this.session;
    const headers = { 'X-Consistency': 'strong' };
    const outcome = await this.session.send({ method: 'GET', path: `/api/accounts/${account.id}`, headers });
    if (outcome.kind !== 'response' || outcome.status !== 200) return undefined;
    return account.versionOf(balanceSchema.parse(JSON.parse(outcome.body)).balanceMinor);
  }

  private writeOf(version: number): Write {
    const { balanceKey, ordersKey }: ObservedAccount = this.session.account;
    return {
      session: this.session.id,
      versions: [
        { key: balanceKey, version },
        { key: ordersKey, version },
      ],
      startedAt: performance.now(),
    };
  }
}

function readOrder(outcome: HttpOutcome): z.infer<typeof orderSchema> | undefined {
  if (outcome.kind === 'lost' || (outcome.status !== 201 && outcome.status !== 202)) return undefined;
  return orderSchema.parse(JSON.parse(outcome.body));
}

/** The shop says that the order is rejected, or that it has done nothing; all else leaves it open. */
function isRefusal(outcome: HttpOutcome): boolean {
  if (outcome.kind === 'lost') return false;
  const { status } = outcome;
  return (status === 409 && codeOf(outcome) !== 'session-lost') || status === 422 || status === 429;
}
