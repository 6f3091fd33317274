import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { createSigner } from 'fast-jwt';
import { z } from 'zod';
import { type BadBody, badAccounts, badCredentials, badOrders } from './bad-bodies.js';
import { expectProblem } from './expect-problem.js';
import { rawCall, sendBytes } from './raw-call.js';
import { type Answer, Customer, problemSchema } from './shop-client.js';
import type { TestPlatform } from './platform.js';

const SKU = 'MUG-BLU-1';
const GOOD_ORDER = JSON.stringify({ items: [{ sku: SKU, quantity: 1 }] });
const JSON_BODY = { 'content-type': 'application/json' };

/** Paths that lead out of what they begin with, in the spellings that servers have been caught with. */
const TRAVERSALS = [
  '/api/../../../../etc/passwd',
  '/api/products/../../../etc/passwd',
  '/api/products/..%2f..%2f..%2fetc%2fpasswd',
  '/api/products/%2e%2e%2f%2e%2e%2fetc%2fpasswd',
  '/api/products/%2e%2e/%2e%2e/control/topology',
  '/api/products/..%5c..%5cpackage.json',
  '/api/products/%252e%252e%252fetc%252fpasswd',
  '/api/products/..%c0%af..%c0%afetc%c0%afpasswd',
  '/api/products/A%00.json',
  '/api/products/%ff',
  '/api/products/%zz',
  '/api/docs/../../../package.json',
  '/api/docs/%2e%2e/%2e%2e/package.json',
  '/api/docs/..%2f..%2fpackage.json',
  '/api/docs/..%5c..%5cpackage.json',
  '/api/orders/../../control/topology',
  '/control/../control/topology',
  '/..;/control/topology',
  '/etc/passwd',
];

const BAD_QUERIES: [query: string, field: string][] = [
  ['page=0', 'page'],
  ['page=-1', 'page'],
  ['page=1.5', 'page'],
  ['page=two', 'page'],
  ['page=1e3', 'page'],
  ['page=', 'page'],
  ['page=99999999999999999999', 'page'],
  ['page=1&page=2', 'page'],
  ['pageSize=0', 'pageSize'],
  ['pageSize=101', 'pageSize'],
  [`query=${'x'.repeat(500)}`, 'query'],
  ['query=%00', 'query'],
  ['query=a&query=b', 'query'],
  ['order=price', 'order'],
];

/** Section by section: what is refused, with which code, and that it has changed nothing. */
export function describeBadInput(platform: () => TestPlatform): void {
  let customer: Customer;

  beforeAll(async () => {
    customer = await Customer.open(platform().url);
  });

  const snapshot = async (): Promise<unknown> => {
    const orders = z.object({ total: z.int() }).parse((await customer.get('/api/orders')).body);
    return {
      balanceMinor: await customer.balanceMinor(),
      orders: orders.total,
      stock: (await customer.product(SKU)).available,
    };
  };

  const post = (path: string, body: string | Buffer, headers: Record<string, string> = {}): Promise<Answer> =>
    rawCall(platform().url, {
      method: 'POST',
      path,
      body,
      headers: {
        authorization: `Bearer ${customer.token}`,
        'idempotency-key': randomUUID(),
        ...JSON_BODY,
        ...headers,
      },
    });

  const expectRefusal = async (path: string, { body, status, code, field }: BadBody): Promise<void> => {
    const before = await snapshot();
    const problem = expectProblem(await post(path, body), status, code);
    if (field !== undefined) {
      expect(problem.errors?.map((error) => error.field)).toContain(field);
    }
    expect(await snapshot()).toEqual(before);
  };

  it.each(badOrders)('refuses an order: $name', (row) => expectRefusal('/api/orders', row));
  it.each(badAccounts)('refuses a new account: $name', (row) => expectRefusal('/api/accounts', row));
  it.each(badCredentials)('refuses credentials: $name', (row) => expectRefusal('/api/tokens', row));

  it('refuses a large body that comes in pieces and does not say how large it is', async () => {
    const before = await snapshot();
    const body = ' '.repeat(70 * 1024) + GOOD_ORDER;
    const headers = {
      authorization: `Bearer ${customer.token}`,
      'idempotency-key': randomUUID(),
      ...JSON_BODY,
    };
    const answer = await rawCall(platform().url, {
      method: 'POST',
      path: '/api/orders',
      body,
      headers,
      chunked: true,
    });
    expectProblem(answer, 413, 'body-too-large');
    expect(await snapshot()).toEqual(before);
  });

  it('refuses a megabyte, by an answer or by hanging up', async () => {
    const before = await snapshot();
    const body = JSON.stringify({ items: ['A'.repeat(1024 * 1024)] });
    // One that hangs up while the client still writes loses its own answer on the way: TCP resets the connection.
    const answer = await post('/api/orders', body).catch(() => undefined);
    if (answer !== undefined) expectProblem(answer, 413, 'body-too-large');
    expect(await snapshot()).toEqual(before);
  });

  describe('the content type', () => {
    it.each([
      'text/plain',
      'application/x-www-form-urlencoded',
      'multipart/form-data; boundary=x',
      'application/jsonp',
      'json',
    ])('%s is refused', async (contentType) => {
      const before = await snapshot();
      expectProblem(
        await post('/api/orders', GOOD_ORDER, { 'content-type': contentType }),
        415,
        'unsupported-media-type',
      );
      expect(await snapshot()).toEqual(before);
    });
  });

  describe('the Idempotency-Key', () => {
    const withKey = (headers: Record<string, string | string[]>): Promise<Answer> =>
      rawCall(platform().url, {
        method: 'POST',
        path: '/api/orders',
        body: GOOD_ORDER,
        headers: { authorization: `Bearer ${customer.token}`, ...JSON_BODY, ...headers },
      });

    it.each<[string, Record<string, string | string[]>, string]>([
      ['missing', {}, 'idempotency-key-missing'],
      ['overlong', { 'idempotency-key': 'k'.repeat(300) }, 'idempotency-key-invalid'],
      ['sent twice', { 'idempotency-key': ['one', 'two'] }, 'idempotency-key-invalid'],
      ['not ASCII', { 'idempotency-key': 'sch\u00f6n' }, 'idempotency-key-invalid'],
    ])('%s is refused', async (_name, headers, code) => {
      const before = await snapshot();
      const answer = await withKey(headers);
      expectProblem(answer, 400, code);
      expect(answer.text).toMatch(/idempotency-key/i);
      expect(await snapshot()).toEqual(before);
    });

    it('empty is refused', async () => {
      const answer = await withKey({ 'idempotency-key': '' });
      expect(answer.status).toBe(400);
      expect(problemSchema.parse(answer.body).code).toMatch(/^idempotency-key-(missing|invalid)$/);
    });
  });

  describe('the bearer token', () => {
    const claims = (): object => ({ sub: customer.accountId, owner: customer.owner });
    const sign = (key: string, options: object = {}): string =>
      createSigner({ key, algorithm: 'HS256', iss: 'tristate', expiresIn: 60_000, ...options })(claims());
    const base64 = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
    const inAnHour = (): number => Math.floor(Date.now() / 1_000) + 3_600;

    const tokens: [name: string, token: () => string][] = [
      ['no token at all', () => ''],
      ['not a token', () => 'Bearer nonsense'],
      ['three empty parts', () => 'Bearer ..'],
      ['another scheme', () => `Basic ${Buffer.from('alice:secret').toString('base64')}`],
      ['expired', () => `Bearer ${sign(platform().tokenKey, { clockTimestamp: Date.now() - 7_200_000 })}`],
      ['signed with another key', () => `Bearer ${sign('f'.repeat(64))}`],
      ['of another issuer', () => `Bearer ${sign(platform().tokenKey, { iss: 'somebody' })}`],
      ['signed with another algorithm', () => `Bearer ${sign(platform().tokenKey, { algorithm: 'HS512' })}`],
      [
        'not signed (alg none)',
        () =>
          `Bearer ${base64({ alg: 'none', typ: 'JWT' })}.${base64({ ...claims(), iss: 'tristate', exp: inAnHour() })}.`,
      ],
      [
        'with a changed claim',
        () => {
          const [head, , signature] = customer.token.split('.');
          return `Bearer ${head}.${base64({ sub: randomUUID(), owner: 'alice', iss: 'tristate', exp: inAnHour() })}.${signature}`;
        },
      ],
      ['with its signature cut off', () => `Bearer ${customer.token.split('.').slice(0, 2).join('.')}.`],
    ];

    it('is accepted when it is signed as the shop signs', async () => {
      const token = sign(platform().tokenKey);
      expect((await customer.get('/api/orders', { token })).status).toBe(200);
    });

    it.each(tokens)('%s is refused', async (_name, token) => {
      const before = await snapshot();
      expectProblem(
        await post('/api/orders', GOOD_ORDER, { authorization: token() }),
        401,
        'unauthenticated',
      );
      const account = await rawCall(platform().url, {
        path: `/api/accounts/${customer.accountId}`,
        headers: { authorization: token() },
      });
      expectProblem(account, 401, 'unauthenticated');
      expect(await snapshot()).toEqual(before);
    });

    it('of 20,000 characters is refused', async () => {
      const answer = await rawCall(platform().url, {
        path: '/api/orders',
        headers: { authorization: `Bearer ${'x'.repeat(20_000)}` },
      });
      expect([answer.status, answer.text]).toEqual([
        expect.any(Number),
        expect.stringMatching(/"code":"[a-z-]+"/),
      ]);
      expectProblem(answer, answer.status, problemSchema.parse(answer.body).code);
      expect([400, 401, 431]).toContain(answer.status);
    });
  });

  describe('paths', () => {
    it.each(TRAVERSALS)('%s leads nowhere', async (path) => {
      const answer = await rawCall(platform().url, { path });
      expect([answer.status, answer.text]).toEqual([
        expect.any(Number),
        expect.stringMatching(/"code":"[a-z-]+"/),
      ]);
      const { code } = problemSchema.parse(answer.body);
      expectProblem(answer, answer.status, code);
      expect([400, 401, 403, 404]).toContain(answer.status);
      expect(answer.text).not.toMatch(/root:|"name": ?"tristate"|"processes"/);
    });

    it.each([
      '/api/orders/not-a-uuid',
      '/api/accounts/not-a-uuid',
      '/api/orders/1%27%20or%20%271',
      '/api/accounts/0',
    ])('%s is no id', async (path) => {
      const answer = await customer.get(path);
      expect([400, 404]).toContain(answer.status);
      expectProblem(answer, answer.status, answer.status === 400 ? 'validation-failed' : 'not-found');
    });

    it.each(BAD_QUERIES)('/api/products?%s is refused', async (query, field) => {
      const problem = expectProblem(
        await rawCall(platform().url, { path: `/api/products?${query}` }),
        400,
        'validation-failed',
      );
      expect(JSON.stringify(problem.errors)).toContain(field);
    });

    it.each(['PUT', 'DELETE', 'PATCH'])('%s /api/orders is refused', async (method) => {
      const answer = await rawCall(platform().url, {
        method,
        path: '/api/orders',
        headers: { authorization: `Bearer ${customer.token}` },
      });
      expect([404, 405]).toContain(answer.status);
      expectProblem(answer, answer.status, problemSchema.parse(answer.body).code);
    });
  });

  describe('what is not HTTP', () => {
    const host = (): string => `Host: ${new URL(platform().url).host}\r\n`;

    it.each<[name: string, text: () => string]>([
      ['a line of noise', () => 'NOISE\r\n\r\n'],
      [
        'two lengths',
        () =>
          `POST /api/orders HTTP/1.1\r\n${host()}Content-Length: 2\r\nContent-Length: 20\r\nConnection: close\r\n\r\n{}`,
      ],
      [
        'a length and chunks',
        () =>
          `POST /api/orders HTTP/1.1\r\n${host()}Content-Length: 2\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n0\r\n\r\n`,
      ],
      [
        'a negative length',
        () => `POST /api/orders HTTP/1.1\r\n${host()}Content-Length: -1\r\nConnection: close\r\n\r\n`,
      ],
    ])('%s is refused', async (_name, text) => {
      const answer = await sendBytes(platform().url, text());
      expect([answer.status, answer.text]).toEqual([400, answer.text]);
      expectProblem(answer, 400, 'bad-request');
    });
  });
}
