import { randomUUID } from 'node:crypto';
import { expect, it } from '@jest/globals';
import { z } from 'zod';
import type { Shop } from './contract.js';
import { expectProblem } from './expect-problem.js';
import { Customer, ShopClient } from './shop-client.js';

/** The table of DESIGN.md, "The public contract". */
const ROUTES: readonly [method: string, path: string][] = [
  ['post', '/api/accounts'],
  ['get', '/api/accounts/{id}'],
  ['post', '/api/tokens'],
  ['get', '/api/products'],
  ['get', '/api/products/{sku}'],
  ['post', '/api/orders'],
  ['get', '/api/orders'],
  ['get', '/api/orders/{id}'],
];

const openApiSchema = z.object({
  openapi: z.string().regex(/^3\./),
  paths: z.record(
    z.string(),
    z.record(z.string(), z.object({ responses: z.record(z.string(), z.unknown()) })),
  ),
});

const invariantsSchema = z.object({
  ok: z.boolean(),
  laws: z
    .array(z.object({ name: z.string(), ok: z.boolean(), expected: z.unknown(), actual: z.unknown() }))
    .min(1),
});

export function describeOperations(shop: () => Shop): void {
  const guest = (): ShopClient => new ShopClient(shop().url);
  const admin = (): ShopClient => new ShopClient(shop().url, shop().adminToken);

  it.each(['/api/products', '/api/products/NO-SUCH-SKU', '/api/orders', '/healthz', '/control/topology'])(
    'says who answered %s, and gives the correlation id back',
    async (path) => {
      const correlationId = randomUUID();
      const answer = await guest().get(path, { headers: { 'x-correlation-id': correlationId } });
      expect(answer.headers.get('x-served-by')).toMatch(/^[a-z]+(-[a-z0-9]+)*$/);
      expect(answer.headers.get('x-correlation-id')).toBe(correlationId);
      const own = await guest().get(path);
      expect(own.headers.get('x-correlation-id')).toMatch(/^[\w-]{8,}$/);
    },
  );

  it('is alive', async () => {
    expect((await guest().get('/healthz')).status).toBe(200);
  });

  it('serves the page of its API with everything that the page loads', async () => {
    let page = await guest().get('/api/docs');
    const moved = page.headers.get('location');
    if (moved !== null) page = await guest().get(new URL(moved, `${shop().url}/api/docs`).pathname);
    expect(page.status).toBe(200);
    expect(page.headers.get('content-type')).toMatch(/^text\/html/);
    const base = new URL(moved ?? '/api/docs', `${shop().url}/api/docs`);
    const parts = [...page.text.matchAll(/(?:src|href)="([^"]+)"/g)].map(
      ([, part = '']) => new URL(part, base),
    );
    expect(parts.length).toBeGreaterThan(0);
    for (const part of parts) {
      // A page that loads from elsewhere does not work on a machine without the internet.
      expect(part.origin).toBe(shop().url);
      expect([part.pathname, (await guest().get(part.pathname)).status]).toEqual([part.pathname, 200]);
    }
  });

  it('describes every route of the contract in openapi.json', async () => {
    const answer = await guest().get('/api/openapi.json');
    expect(answer.status).toBe(200);
    const { paths } = openApiSchema.parse(answer.body);
    const described = Object.entries(paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method} ${path}`),
    );
    expect(described).toEqual(expect.arrayContaining(ROUTES.map(([method, path]) => `${method} ${path}`)));
  });

  it('answers every route that openapi.json describes, with a status that it describes', async () => {
    const { paths } = openApiSchema.parse((await guest().get('/api/openapi.json')).body);
    for (const [path, methods] of Object.entries(paths)) {
      for (const [method, { responses }] of Object.entries(methods)) {
        const address = path.replaceAll(/\{[^}]+\}/g, 'not-there');
        const answer = await guest().call(
          method.toUpperCase(),
          address,
          method === 'post' ? { body: {} } : {},
        );
        expect([method, path, Object.keys(responses), answer.status]).toEqual([
          method,
          path,
          expect.arrayContaining([`${answer.status}`]),
          answer.status,
        ]);
      }
    }
  });

  it('opens /control to the admin token alone', async () => {
    const customer = await Customer.open(shop().url);
    for (const path of ['/control/topology', '/control/invariants']) {
      expectProblem(await guest().get(path), 401, 'unauthenticated');
      expectProblem(await customer.get(path), 403, 'forbidden');
      expect((await admin().get(path)).status).toBe(200);
    }
  });

  it('keeps the admin token from opening accounts and orders', async () => {
    const { accountId } = await Customer.open(shop().url);
    expectProblem(await admin().get(`/api/accounts/${accountId}`), 401, 'unauthenticated');
    expectProblem(await admin().get('/api/orders'), 401, 'unauthenticated');
  });

  it('has kept all its invariants', async () => {
    const answer = await admin().get('/control/invariants?waitMs=15000');
    expect(answer.status).toBe(200);
    const { ok, laws } = invariantsSchema.parse(answer.body);
    expect(laws.filter((law) => !law.ok)).toEqual([]);
    expect(ok).toBe(true);
  });
}
