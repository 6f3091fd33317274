import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { Failure } from '../failure.js';
import { describeAnswer, type Call, type FrontDoorClient } from '../front-door-client.js';
import type { RequestKind } from './load-plan.js';
import { kindOf, type WeightedScenario } from './scenarios.js';

/** Enough for every order of a run, whatever it buys. */
const openingBalanceMinor = 100_000_000_000;
const listedSkus = 100;
const wordsOfNames = 50;

const pageSchema = z.object({
  items: z.array(z.object({ sku: z.string(), name: z.string(), available: z.number() })),
});
const tokenSchema = z.object({ token: z.string() });

export interface Visitors {
  readonly kinds: readonly RequestKind[];
  readonly clientHeaders: readonly string[];
}

/**
 * Looks at what the shop sells, and opens accounts for those who order: one for each client address, so that orders meet each
 * other in the stock and not in an account.
 */
export async function prepareVisitors(
  client: FrontDoorClient,
  mix: readonly WeightedScenario[],
  customers: number,
): Promise<Visitors> {
  const page = await ask(
    client,
    { method: 'GET', path: `/api/products?pageSize=${listedSkus}` },
    pageSchema,
    'The products cannot be listed',
  );
  if (page.items.length === 0) throw new Failure('The shop has no products to send load for.');
  const inStock = page.items.filter(({ available }) => available > 0);
  const offered = inStock.length > 0 ? inStock : page.items;
  const words = [
    ...new Set(page.items.flatMap(({ name }) => name.split(/\s+/).filter((word) => word.length > 2))),
  ];
  const shop = { skus: offered.map(({ sku }) => sku), words: words.slice(0, wordsOfNames) };
  const kinds = mix.map((one) => kindOf(one, shop));
  const orders = mix.some(({ scenario }) => scenario === 'order');
  return { kinds, clientHeaders: orders ? await openAccounts(client, customers) : [] };
}

async function openAccounts(client: FrontDoorClient, count: number): Promise<string[]> {
  const run = randomBytes(4).toString('hex');
  const headers: string[] = [];
  for (let number = 0; number < count; number++) {
    const credentials = { owner: `load-${run}-${number}`, password: randomBytes(12).toString('hex') };
    const account = { ...credentials, openingBalanceMinor };
    await ask(
      client,
      { method: 'POST', path: '/api/accounts', body: account },
      z.unknown(),
      'An account cannot be opened',
    );
    const login = { method: 'POST', path: '/api/tokens', body: credentials } as const;
    const { token } = await ask(client, login, tokenSchema, 'A customer cannot log in');
    headers.push(`Authorization: Bearer ${token}`);
  }
  return headers;
}

async function ask<T>(
  client: FrontDoorClient,
  call: Call,
  schema: z.ZodType<T>,
  failure: string,
): Promise<T> {
  const answer = await client.call(call);
  if (answer.kind === 'answer' && answer.status < 300) return schema.parse(answer.body);
  throw new Failure(`${failure}: ${describeAnswer(answer)}`);
}
