import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { resendingFetch, type ResendableRequest } from './resending-fetch.js';

describe('a fetch that sends again', () => {
  let server: Server;
  let requests: number;
  afterEach(() => {
    server.close();
    server.closeAllConnections();
  });

  /** Closes the connections of the first requests without an answer, as nginx does with idle ones at a reload. */
  async function startClosing(first: number): Promise<string> {
    requests = 0;
    server = createServer((request, response) => {
      if (++requests <= first) request.socket.destroy();
      else response.end('ok');
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  }

  it.each<[string, ResendableRequest]>([
    ['a GET', {}],
    ['a PUT', { method: 'PUT', body: '{}' }],
    ['an order with its key', { method: 'POST', body: '{}', headers: { 'idempotency-key': 'k' } }],
  ])('sends %s again when its connection was closed', async (_, init) => {
    const url = await startClosing(1);
    expect(await (await resendingFetch(url, init)).text()).toBe('ok');
    expect(requests).toBe(2);
  });

  it('never sends again what is not idempotent', async () => {
    const url = await startClosing(1);
    await expect(resendingFetch(url, { method: 'POST', body: '{}' })).rejects.toThrow('socket hang up');
    expect(requests).toBe(1);
  });

  it('gives what is not idempotent a connection that was never idle', async () => {
    const url = await startClosing(0);
    const sockets = new Set<unknown>();
    server.on('connection', (socket) => sockets.add(socket));
    const order = { method: 'POST', body: '{"ü":1}' };
    for (let turn = 1; turn <= 3; turn += 1) {
      await (await resendingFetch(url)).text();
      expect(await (await resendingFetch(url, order)).text()).toBe('ok');
    }
    // One for all that is read, and one for each order.
    expect(sockets.size).toBeGreaterThanOrEqual(1 + 3);
  });

  it('gives up when its time is over, and says so', async () => {
    server = createServer(() => undefined);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    const signal = AbortSignal.timeout(20);
    await expect(resendingFetch(url, { method: 'POST', signal })).rejects.toMatchObject({
      name: 'TimeoutError',
    });
  });

  it('sends again a few times, since a reload closes all idle connections, and not for ever', async () => {
    expect(await (await resendingFetch(await startClosing(4))).text()).toBe('ok');
    server.close();
    server.closeAllConnections();
    await expect(resendingFetch(await startClosing(9))).rejects.toThrow('fetch failed');
    expect(requests).toBe(5);
  });
});
