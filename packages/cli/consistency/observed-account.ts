import { randomBytes } from 'node:crypto';
import { z } from 'zod';

import { Failure } from '../failure.js';
import { describeAnswer, type Call, type FrontDoorClient } from '../front-door-client.js';

/** An order that was confirmed, and the version of its account that it made. */
export interface ConfirmedOrder {
  readonly version: number;
  readonly id: string;
}

const accountSchema = z.object({ id: z.string() });
const tokenSchema = z.object({ token: z.string() });
const pageSchema = z.object({
  items: z.array(z.object({ sku: z.string(), priceMinor: z.number(), available: z.number() })),
});

const openingBalanceMinor = 100_000_000_000;
/** More than a run takes of any product. */
const plenty = 100_000;
const pageSize = 100;
/** A token of a user lives for 15 minutes. */
const renewAfterMs = 8 * 60_000;

/**
 * An account whose only writer orders one piece of one product after the other: each order takes the same amount, so that
 * what is missing from the balance counts the orders, which is the version of what a reader saw.
 */
export class ObservedAccount {
  /** How many orders are confirmed, of which `latestOrder` is the last. */
  version = 0;
  latestOrder: ConfirmedOrder | undefined;
  /** When that was known, of the monotonic clock. */
  writtenAtMs = performance.now();
  private bearer = '';
  private loggedInAtMs = -Infinity;

  private constructor(
    private readonly client: FrontDoorClient,
    private readonly credentials: { readonly owner: string; readonly password: string },
    readonly id: string,
    readonly sku: string,
    private readonly priceMinor: number,
  ) {}

  /** Opens `count` accounts, which order the cheapest products that there are plenty of. */
  static async open(client: FrontDoorClient, count: number): Promise<ObservedAccount[]> {
    const products = await listProducts(client);
    const accounts: ObservedAccount[] = [];
    for (let index = 0; index < count; index++) {
      const product = products[index % products.length];
      if (product === undefined) throw new Failure('The shop has no product with enough in stock.');
      const credentials = {
        owner: `reader-${randomBytes(6).toString('hex')}`,
        password: randomBytes(12).toString('base64url'),
      };
      const call = {
        method: 'POST',
        path: '/api/accounts',
        body: { ...credentials, openingBalanceMinor },
      } as const;
      const { id } = accountSchema.parse(await ask(client, call, 'An account cannot be opened'));
      const account = new ObservedAccount(client, credentials, id, product.sku, product.priceMinor);
      await account.renewLogIn();
      accounts.push(account);
    }
    return accounts;
  }

  /** The names of what an order writes: the account's balance, and the account's orders. */
  get balanceKey(): string {
    return `balance of ${this.credentials.owner}`;
  }

  get ordersKey(): string {
    return `orders of ${this.credentials.owner}`;
  }

  get token(): string {
    return this.bearer;
  }

  confirmed(order: ConfirmedOrder): void {
    this.version = order.version;
    this.latestOrder = order;
    this.writtenAtMs = performance.now();
  }

  /** A failover has lost some. */
  goBackTo(version: number): void {
    this.version = version;
    this.latestOrder = undefined;
  }

  async renewLogIn(): Promise<void> {
    if (performance.now() - this.loggedInAtMs < renewAfterMs) return;
    const call = { method: 'POST', path: '/api/tokens', body: this.credentials } as const;
    this.bearer = tokenSchema.parse(await ask(this.client, call, 'A token cannot be had')).token;
    this.loggedInAtMs = performance.now();
  }

  /** How many orders a balance has paid for; Infinity for a balance that no number of them leaves. */
  versionOf(balanceMinor: number): number {
    const version = (openingBalanceMinor - balanceMinor) / this.priceMinor;
    return Number.isInteger(version) && version >= 0 ? version : Infinity;
  }
}

async function listProducts(client: FrontDoorClient): Promise<z.infer<typeof pageSchema>['items']> {
  const found: z.infer<typeof pageSchema>['items'] = [];
  for (let page = 1; ; page++) {
    const call = { method: 'GET', path: `/api/products?page=${page}&pageSize=${pageSize}` } as const;
    const { items } = pageSchema.parse(await ask(client, call, 'The products cannot be listed'));
    found.push(...items.filter(({ available, priceMinor }) => available >= plenty && priceMinor > 0));
    if (items.length < pageSize) break;
  }
  return found.sort((one, other) => one.priceMinor - other.priceMinor);
}

async function ask(client: FrontDoorClient, call: Call, failure: string): Promise<unknown> {
  const answer = await client.call(call);
  if (answer.kind === 'answer' && answer.status < 300) return answer.body;
  throw new Failure(`${failure}: ${describeAnswer(answer)}`);
}
