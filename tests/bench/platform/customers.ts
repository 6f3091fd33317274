import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { resendingFetch } from '#platform/http/resending-fetch.js';
import { Failure } from '#cli/failure.js';

/** Enough for every order of a run, whatever it buys. */
const openingBalanceMinor = 100_000_000_000;

const accountSchema = z.object({ id: z.string() });
const tokenSchema = z.object({ token: z.string() });
const pageSchema = z.object({ items: z.array(z.object({ sku: z.string(), available: z.number() })) });

/** More than a run takes of any product. */
const plenty = 100_000;

/** A token lives for 15 minutes; a measurement takes far less than the rest. */
const renewAfterMs = 8 * 60_000;

interface Credentials {
  readonly owner: string;
  readonly password: string;
}

/** Customers of the shop with an account each. */
export class Customers {
  private tokens: string[] = [];
  private loggedInAtMs = -Infinity;

  private constructor(
    private readonly url: string,
    private readonly all: readonly Credentials[],
    /** Of their accounts. */
    readonly ids: readonly string[],
  ) {}

  static async open(url: string, count: number): Promise<Customers> {
    const run = randomBytes(4).toString('hex');
    const all = Array.from({ length: count }, (_, index) => ({
      owner: `bench-${run}-${index}`,
      password: randomBytes(12).toString('hex'),
    }));
    const ids: string[] = [];
    for (const credentials of all) {
      const account = await call(`${url}/api/accounts`, { ...credentials, openingBalanceMinor });
      ids.push(accountSchema.parse(account).id);
    }
    return new Customers(url, all, ids);
  }

  /** One token for each customer, none of which expires soon. */
  async logIn(): Promise<readonly string[]> {
    if (performance.now() - this.loggedInAtMs < renewAfterMs) return this.tokens;
    this.tokens = [];
    for (const credentials of this.all) {
      this.tokens.push(tokenSchema.parse(await call(`${this.url}/api/tokens`, credentials)).token);
    }
    this.loggedInAtMs = performance.now();
    return this.tokens;
  }
}

/** Products of which a whole run can be sold. */
export async function listSkus(url: string): Promise<string[]> {
  const skus: string[] = [];
  for (let page = 1; ; page++) {
    const { items } = pageSchema.parse(await call(`${url}/api/products?page=${page}&pageSize=100`));
    if (items.length === 0) return skus;
    skus.push(...items.filter(({ available }) => available > plenty).map(({ sku }) => sku));
  }
}

async function call(url: string, body?: unknown): Promise<unknown> {
  const response = await resendingFetch(url, {
    ...(body !== undefined && {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    }),
  });
  const text = await response.text();
  if (!response.ok) throw new Failure(`${url} answered ${response.status} ${text}`);
  return JSON.parse(text);
}
