import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { resendingFetch } from '#platform/http/resending-fetch.js';

/** The shapes of the public contract (DESIGN.md) that scripts rely on. */
export const accountSchema = z.object({ id: z.uuid(), owner: z.string(), balanceMinor: z.int() });
export const productSchema = z.object({
  sku: z.string().min(1),
  name: z.string().min(1),
  priceMinor: z.int().positive(),
  available: z.int().nonnegative(),
});
export const productPageSchema = z.object({
  items: z.array(productSchema),
  page: z.int(),
  pageSize: z.int(),
  total: z.int(),
});
export const orderSchema = z.object({
  id: z.uuid(),
  status: z.enum(['CONFIRMED', 'REJECTED', 'PENDING']),
  protocol: z.string(),
  items: z.array(z.object({ sku: z.string(), quantity: z.int() })),
  /** Null where the price was never known: an order of an unknown product. */
  totalMinor: z.int().nonnegative().nullable(),
  code: z.string().nullish(),
});
export const problemSchema = z.object({
  type: z.string().min(1),
  title: z.string().min(1),
  status: z.int(),
  code: z.string().regex(/^[a-z0-9]+(-[a-z0-9]+)*$/),
  detail: z.string().optional(),
  errors: z.array(z.object({ field: z.string(), message: z.string() })).optional(),
});

export type Product = z.infer<typeof productSchema>;
export type Order = z.infer<typeof orderSchema>;

export interface Item {
  sku: string;
  quantity: number;
}

export interface Answer {
  status: number;
  headers: Headers;
  text: string;
  /** The text as JSON, or undefined when it is none. */
  body: unknown;
}

interface CallOptions {
  body?: unknown;
  headers?: Record<string, string>;
  token?: string;
}

interface OrderRequest {
  items: unknown;
  protocol?: unknown;
}

const ANSWER_DEADLINE_MS = 20_000;
const PAUSE_AFTER_REFUSAL_MS = 100;

/** Calls the shop at a base URL, with a user's token when it has one. */
export class ShopClient {
  /** What the shop has answered since the last request that took it along; the shop merges them. */
  #sessions: readonly string[] = [];

  constructor(
    readonly baseUrl: string,
    readonly token?: string,
  ) {}

  /** A shop that has too much to do says so, and when to come again: on a busy machine that is no error. */
  async call(method: string, path: string, options: CallOptions = {}): Promise<Answer> {
    const mayRepeat = method === 'GET' || options.headers?.['idempotency-key'] !== undefined;
    const endsAt = performance.now() + ANSWER_DEADLINE_MS;
    for (;;) {
      const answer = await this.#callOnce(method, path, options);
      if (!mayRepeat || !isOverloaded(answer) || performance.now() > endsAt) return answer;
      await delay(PAUSE_AFTER_REFUSAL_MS);
    }
  }

  async #callOnce(
    method: string,
    path: string,
    { body, headers = {}, token = this.token }: CallOptions,
  ): Promise<Answer> {
    const sent = this.#sessions;
    const response = await resendingFetch(this.baseUrl + path, {
      method,
      headers: {
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(sent.length === 0 ? {} : { 'x-session': sent.join(', ') }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      signal: AbortSignal.timeout(ANSWER_DEADLINE_MS),
    });
    const text = await response.text();
    const session = response.headers.get('x-session');
    if (session !== null) this.#sessions = [...this.#sessions.filter((one) => !sent.includes(one)), session];
    const answer = { status: response.status, headers: response.headers, text, body: parseJson(text) };
    // A failover has cut off something that the session has seen: the next request starts a new one.
    if (isSessionLost(answer)) this.#sessions = [];
    return answer;
  }

  get(path: string, options: CallOptions = {}): Promise<Answer> {
    return this.call('GET', path, options);
  }

  postOrder(order: OrderRequest, idempotencyKey: string = randomUUID()): Promise<Answer> {
    return this.call('POST', '/api/orders', { body: order, headers: { 'idempotency-key': idempotencyKey } });
  }

  /** @param consistency a level of X-Consistency */
  async product(sku: string, consistency?: string): Promise<Product> {
    const headers = consistency === undefined ? {} : { 'x-consistency': consistency };
    return productSchema.parse((await this.get(`/api/products/${sku}`, { headers })).body);
  }

  async order(id: string): Promise<Order> {
    return orderSchema.parse((await this.get(`/api/orders/${id}`)).body);
  }
}

/** A user with an account of its own, so that tests do not see each other's money. */
export class Customer extends ShopClient {
  private constructor(
    baseUrl: string,
    override readonly token: string,
    readonly accountId: string,
    readonly owner: string,
    readonly password: string,
  ) {
    super(baseUrl, token);
  }

  static async open(baseUrl: string, openingBalanceMinor = 100_000_000): Promise<Customer> {
    const guest = new ShopClient(baseUrl);
    const owner = `user-${randomUUID()}`;
    const password = randomUUID();
    const opened = await guest.call('POST', '/api/accounts', {
      body: { owner, password, openingBalanceMinor },
    });
    if (opened.status !== 201) throw new Error(`no account: ${opened.status} ${opened.text}`);
    const login = await guest.call('POST', '/api/tokens', { body: { owner, password } });
    if (login.status !== 201) throw new Error(`no token: ${login.status} ${login.text}`);
    const { token } = z.object({ token: z.string() }).parse(login.body);
    return new Customer(baseUrl, token, accountSchema.parse(opened.body).id, owner, password);
  }

  async balanceMinor(): Promise<number> {
    return accountSchema.parse((await this.get(`/api/accounts/${this.accountId}`)).body).balanceMinor;
  }
}

/** All products of the catalogue, page by page. */
export async function listProducts(client: ShopClient): Promise<Product[]> {
  const products: Product[] = [];
  for (let page = 1; ; page++) {
    const { items, total } = productPageSchema.parse(
      (await client.get(`/api/products?page=${page}&pageSize=50`)).body,
    );
    products.push(...items);
    if (items.length === 0 || products.length >= total) return products;
  }
}

/** Two products with plenty in stock, by which orders that must succeed are placed. */
export async function plentifulProducts(client: ShopClient): Promise<[Product, Product]> {
  const [one, other] = (await listProducts(client)).filter((product) => product.available >= 100);
  if (one === undefined || other === undefined)
    throw new Error('the catalogue has no two products with plenty in stock');
  return [one, other];
}

export function isSessionLost({ body }: Pick<Answer, 'body'>): boolean {
  return problemSchema.safeParse(body).data?.code === 'session-lost';
}

function isOverloaded({ body }: Answer): boolean {
  return problemSchema.safeParse(body).data?.code === 'overloaded';
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
