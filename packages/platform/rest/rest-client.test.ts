import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { KnownCallees } from '../grpc/balancing/known-callees.js';
import { runInScope } from '../logging/correlation.js';
import { Metrics } from '../metrics/metrics.js';
import { RestClients, type RestResult } from './rest-client.js';

const reply = z.object({ says: z.string() });
type Reply = z.infer<typeof reply>;

describe('a call to another service over REST', () => {
  const servers: Server[] = [];
  afterEach(() => {
    for (const server of servers.splice(0)) {
      server.close();
      server.closeAllConnections();
    }
  });

  async function listen(answer: RequestListener): Promise<string> {
    const server = createServer(answer);
    servers.push(server);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return `127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  const saying =
    (says: string, status = 200): RequestListener =>
    (_request, response) =>
      void response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify({ says }));
  const silent: RequestListener = () => undefined;
  const dying: RequestListener = (request) => request.socket.destroy();

  /** The address of somebody who has gone. */
  async function deadAddress(): Promise<string> {
    const address = await listen(silent);
    servers.pop()?.close();
    return address;
  }

  const newClients = (...addresses: string[]): RestClients =>
    new RestClients(
      'key-of-order',
      new Metrics({ service: 'order', process: 'order-1' }),
      new KnownCallees(new Map([['inventory', addresses]]), 'round-robin'),
      'order-1',
    );

  const ask = (clients: RestClients, inMs = 5_000): Promise<RestResult<Reply>> =>
    clients.call({
      name: 'test',
      service: 'inventory',
      method: 'PUT',
      path: '/internal/test',
      body: { of: 'test' },
      key: '',
      deadlineAtMs: Date.now() + inMs,
      reply,
    });

  /** A call that was answered earns a part of a retry only. */
  async function withBudget(clients: RestClients): Promise<RestClients> {
    for (let call = 0; call < 30; call += 1) await ask(clients);
    return clients;
  }

  it('succeeds with what the other says', async () => {
    const clients = newClients(await listen(saying('yes')));
    expect(await ask(clients)).toEqual({ outcome: 'success', reply: { says: 'yes' } });
  });

  it('says who calls, and for which request', async () => {
    let headers: Record<string, unknown> = {};
    const address = await listen((request, response) => {
      ({ headers } = request);
      saying('yes')(request, response);
    });
    await runInScope({ correlationId: 'the-request' }, () => ask(newClients(address)));
    expect(headers).toMatchObject({
      authorization: 'Bearer key-of-order',
      'x-correlation-id': 'the-request',
      'content-type': 'application/json',
    });
  });

  it('fails when nobody was reached: nothing was done', async () => {
    expect(await ask(newClients(await deadAddress()))).toEqual({ outcome: 'failure' });
  });

  it.each<[string, RequestListener]>([
    ['the other is silent', silent],
    ['the connection breaks', dying],
    ['the other fails inside', saying('', 500)],
    ['the other refuses', saying('', 403)],
    ['the answer has another shape', (_request, response) => void response.end('{}')],
    ['the answer is no JSON', (_request, response) => void response.end('<html>')],
  ])('is unknown when %s', async (_, answer) => {
    expect(await ask(newClients(await listen(answer)), 300)).toEqual({ outcome: 'timeout' });
  });

  it('fails when its time was over before it was sent: nothing was done', async () => {
    expect(await ask(newClients(await listen(saying('yes'))), -1)).toEqual({ outcome: 'failure' });
  });

  it('is tried once more on another copy when one is gone', async () => {
    const clients = newClients(await listen(saying('yes')), await deadAddress());
    const results: RestResult<Reply>[] = [];
    // The budget starts empty, so that the first calls to the dead one may fail.
    for (let call = 0; call < 60; call += 1) results.push(await ask(clients));
    expect(results.slice(-20)).toEqual(
      Array.from({ length: 20 }, () => ({ outcome: 'success', reply: { says: 'yes' } })),
    );
  });

  it('is tried once more on another copy when one is silent', async () => {
    let isSilent = false;
    const moody: RequestListener = (request, response) =>
      isSilent ? undefined : saying('one')(request, response);
    const clients = await withBudget(newClients(await listen(moody), await listen(saying('other'))));
    isSilent = true;
    const results = [await ask(clients, 2_000), await ask(clients, 2_000)];
    expect(results).toEqual([
      { outcome: 'success', reply: { says: 'other' } },
      { outcome: 'success', reply: { says: 'other' } },
    ]);
  });
});
