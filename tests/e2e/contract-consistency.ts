import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, it } from '@jest/globals';
import type { Shop } from './contract.js';
import { expectProblem } from './expect-problem.js';
import { placeOrder } from './place-order.js';
import { Customer, plentifulProducts, type Product, ShopClient } from './shop-client.js';

const LEVELS = [
  'strong',
  'read-your-writes',
  'read-your-writes;strategy=primary',
  'read-your-writes;strategy=window',
  'read-your-writes;strategy=token',
  'monotonic',
  'causal',
  'eventual',
];

/** What can be seen of the levels at the front door; that replicas are behind is arranged in tests/integration. */
export function describeConsistency(shop: () => Shop): void {
  let customer: Customer;
  let product: Product;
  /** Whether there are replicas, and with them sessions. */
  let replicated: boolean;

  beforeAll(async () => {
    [product] = await plentifulProducts(new ShopClient(shop().url));
    customer = await Customer.open(shop().url);
    await placeOrder(customer, { items: [{ sku: product.sku, quantity: 1 }] });
    const read = await customer.get('/api/orders', { headers: { 'x-consistency': 'strong' } });
    // A server that stands alone has no number.
    replicated = read.headers.get('x-read-from') !== 'postgres';
  });

  const paths = (): string[] => [
    '/api/products',
    `/api/products/${product.sku}`,
    '/api/orders',
    `/api/orders/${randomUUID()}`,
    `/api/accounts/${customer.accountId}`,
  ];

  it.each(LEVELS)('answers every read under %s, and tells who answered', async (level) => {
    for (const path of paths()) {
      const answer = await customer.get(path, { headers: { 'x-consistency': level } });
      expect([path, answer.status]).toEqual([path, path.startsWith('/api/orders/') ? 404 : 200]);
      const from = answer.headers.get('x-read-from') ?? '';
      expect([path, from]).toEqual([
        path,
        expect.stringMatching(/^(postgres(-\d+)?|cache)(, postgres-\d+)*$/),
      ]);
      if (from !== 'cache')
        expect(Number(answer.headers.get('x-replica-lag-ms') ?? 'none')).toBeGreaterThanOrEqual(0);
      if (level === 'strong') expect([path, from]).not.toEqual([path, 'cache']);
    }
  });

  it('gives a session with a write, and after reads that need one, where there are replicas', async () => {
    const body = { owner: `user-${randomUUID()}`, password: randomUUID(), openingBalanceMinor: 1 };
    const opened = await new ShopClient(shop().url).call('POST', '/api/accounts', { body });
    expect([opened.status, opened.headers.has('x-session')]).toEqual([201, replicated]);
    for (const level of ['monotonic', 'causal']) {
      const read = await new ShopClient(shop().url).get('/api/products', {
        headers: { 'x-consistency': level },
      });
      expect([level, read.headers.has('x-session')]).toEqual([level, replicated]);
    }
  });

  it('shows an order and what it cost, at once, to whoever keeps the session', async () => {
    for (let turn = 0; turn < 5; turn += 1) {
      const before = await customer.balanceMinor();
      const answer = await placeOrder(customer, { items: [{ sku: product.sku, quantity: 1 }] });
      expect([answer.status, await customer.balanceMinor()]).toEqual([201, before - product.priceMinor]);
    }
  });

  describe('a bad header', () => {
    it.each(['total', 'strong;strategy=token', 'read-your-writes;strategy=hope'])(
      'X-Consistency: %s is refused on every read, and told what there is',
      async (level) => {
        const everywhere = [...paths(), '/api/openapi.json', '/api/docs', '/control/topology'];
        for (const path of everywhere) {
          const answer = await customer.get(path, { headers: { 'x-consistency': level } });
          const problem = expectProblem(answer, 400, 'unknown-consistency');
          expect(problem.detail).toMatch(/strong.*read-your-writes.*monotonic.*causal.*eventual/);
        }
      },
    );

    it.each(['nonsense', `1.${'A'.repeat(104)}`, 'x'.repeat(5_000)])(
      'X-Session: %s is refused, before anything is done',
      async (session) => {
        const balance = await customer.balanceMinor();
        const headers = { 'x-session': session, 'idempotency-key': randomUUID() };
        for (const path of paths())
          expectProblem(await customer.get(path, { headers }), 400, 'session-invalid');
        const body = { items: [{ sku: product.sku, quantity: 1 }] };
        expectProblem(await customer.call('POST', '/api/orders', { body, headers }), 400, 'session-invalid');
        expect(await customer.balanceMinor()).toBe(balance);
      },
    );

    it('X-Session of another account is refused', async () => {
      if (!replicated) return;
      const body = { items: [{ sku: product.sku, quantity: 1 }] };
      const stranger = await Customer.open(shop().url);
      const answer = await placeOrder(stranger, body);
      const headers = { 'x-session': answer.headers.get('x-session') ?? '' };
      expectProblem(await customer.get('/api/orders', { headers }), 403, 'session-foreign');
    });
  });
}
