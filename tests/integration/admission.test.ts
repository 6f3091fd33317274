import Fastify, { type FastifyInstance } from 'fastify';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { admitRequests } from '#platform/http/admission-hooks.js';
import { Admission } from '#platform/overload/admission.js';
import { waitUntil } from '../e2e/wait-until.js';
import { newMetricsForTest } from './postgres-for-test.js';

const deadlineMs = 10_000;

/** What is refused at the door of a process, over real connections: callers go away while they wait, too. */
describe('admission of requests', () => {
  let fastify: FastifyInstance;
  let admission: Admission;
  let url: string;
  let bodies: number;
  let release: () => void;

  beforeEach(async () => {
    const metrics = newMetricsForTest();
    const released = new Promise<void>((resolve) => (release = resolve));
    const config = { enabled: true, ordersUnderWay: 1, readsUnderWay: 2 };
    admission = new Admission({ config, orderDeadlineMs: 2_000, settings: { sheds: true }, metrics });
    fastify = Fastify({ forceCloseConnections: true });
    admitRequests(fastify, admission, metrics);
    bodies = 0;
    fastify.addHook('preValidation', (_request, _reply, next) => {
      bodies += 1;
      next();
    });
    fastify.post('/api/orders', () => admission.order(() => released.then(() => ({ placed: true }))));
    fastify.get('/api/orders', () => released.then(() => ({ items: [] })));
    fastify.get('/api/products/:sku', () => ({ pressed: admission.isPressed }));
    fastify.get('/healthz', () => ({ status: 'ok' }));
    url = await fastify.listen({ host: '127.0.0.1', port: 0 });
  });

  afterEach(async () => {
    release();
    await fastify.close();
  });

  const post = (): Promise<Response> =>
    fetch(`${url}/api/orders`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ items: [] }),
    });
  const until = (what: string, holds: () => boolean): Promise<unknown> =>
    waitUntil(what, deadlineMs, () => holds() || undefined);

  it('refuses an order too many before its body is read', async () => {
    const first = post();
    await until('an order is under way', () => admission.orders.underWay === 1);
    const second = await post();
    expect([second.status, second.headers.get('retry-after')]).toEqual([503, '1']);
    expect(second.headers.get('content-type')).toMatch(/^application\/problem\+json/);
    expect(await second.json()).toMatchObject({ code: 'overloaded', status: 503 });
    expect(bodies).toBe(1);
    release();
    expect((await first).status).toBe(200);
    expect((await post()).status).toBe(200);
  });

  it('counts an order whose caller has gone until it has ended', async () => {
    const gone = new AbortController();
    const first = fetch(`${url}/api/orders`, { method: 'POST', signal: gone.signal });
    await until('an order is under way', () => admission.orders.underWay === 1);
    gone.abort();
    await expect(first).rejects.toThrow();
    expect((await post()).status).toBe(503);
    release();
    await until('it has ended', () => admission.orders.underWay === 0);
  });

  it('refuses a read too many, but for those that something old will do for, and never a question about health', async () => {
    const reads = [fetch(`${url}/api/orders`), fetch(`${url}/api/orders`)];
    await until('two reads are under way', () => admission.reads.underWay === 2);
    expect((await fetch(`${url}/api/orders`)).status).toBe(503);
    const product = await fetch(`${url}/api/products/MUG`);
    expect([product.status, await product.json()]).toEqual([200, { pressed: true }]);
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
    release();
    for (const read of reads) expect((await read).status).toBe(200);
    await until('none is under way', () => admission.reads.underWay === 0);
  });

  it('forgets a read whose caller has gone', async () => {
    const gone = new AbortController();
    const read = fetch(`${url}/api/orders`, { signal: gone.signal });
    await until('a read is under way', () => admission.reads.underWay === 1);
    gone.abort();
    await expect(read).rejects.toThrow();
    await until('none is under way', () => admission.reads.underWay === 0);
  });
});
