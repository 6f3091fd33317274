// The load tester against servers whose behaviour is known: what it sends, counts and says must be what happened.
import { createServer, type Server, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { afterEach, describe, expect, jest, test } from '@jest/globals';
import type { LoadPlan } from '#cli/load/load-plan.js';
import { errorCount } from '#cli/load/load-result.js';
import { runLoad } from '#cli/load/run-load.js';

jest.setTimeout(60_000);

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

async function serve(handler: (request: IncomingMessage, response: ServerResponse) => void): Promise<number> {
  const server = createServer(handler);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

function planFor(port: number, changes: Partial<LoadPlan> = {}): LoadPlan {
  return {
    host: '127.0.0.1',
    port,
    kinds: [{ name: 'get', weight: 1, method: 'GET', paths: ['/a', '/b'], expected: [200] }],
    loop: { kind: 'open', shape: { kind: 'constant', rate: 100 }, connections: 128 },
    durationMs: 1_000,
    warmUpMs: 200,
    timeoutMs: 20_000,
    seed: 1,
    clients: 1,
    workers: 1,
    ...changes,
  };
}

function answer(response: ServerResponse, status = 200, headers: Record<string, string> = {}): void {
  response.writeHead(status, headers).end('ok');
}

describe('an open loop', () => {
  test('sends exactly what its schedule says, from several processes and addresses', async () => {
    const addresses = new Set<string>();
    const port = await serve((request, response) => {
      addresses.add(request.socket.remoteAddress ?? '');
      answer(response, 200, { 'X-Served-By': request.url === '/a' ? 'one' : 'two' });
    });
    const result = await runLoad(planFor(port, { workers: 2, clients: 4, keepLog: true }));
    expect(result.total.due).toBe(100);
    expect(result.total.latency.count).toBe(100);
    expect(errorCount(result.total)).toBe(0);
    expect(addresses).toEqual(new Set(['127.1.1.1', '127.1.2.1', '127.1.3.1', '127.1.4.1']));
    expect([...result.backEnds.keys()].sort()).toEqual(['one', 'two']);
    expect(result.log.map(({ dueMs }) => Math.round(dueMs))).toEqual(
      Array.from({ length: 100 }, (_, number) => number * 10),
    );
  });

  // A closed loop would have asked five times, and would have called one of a hundred answers slow.
  test('goes on while the server stands still, and counts the wait of every request that was due', async () => {
    const held: ServerResponse[] = [];
    let isFrozen = false;
    const port = await serve((request, response) => {
      if (request.url === '/freeze' && !isFrozen) {
        isFrozen = true;
        setTimeout(() => {
          isFrozen = false;
          for (const one of held.splice(0)) answer(one);
        }, 500);
      }
      if (isFrozen) held.push(response);
      else answer(response);
    });
    const paths = ['/freeze'];
    const kinds = [{ name: 'get', weight: 1, method: 'GET', paths, expected: [200] } as const];
    const { total } = await runLoad(planFor(port, { kinds, warmUpMs: 0 }));
    expect(total.latency.count).toBe(100);
    // Whoever was due in a freeze waited for the rest of it: half of them more than half of it, in both freezes.
    expect(total.latency.shareAbove(150_000)).toBeGreaterThan(0.5);
  });

  test('lets requests wait when all connections are busy, and says that its schedule was not kept', async () => {
    const port = await serve((_, response) => void setTimeout(() => answer(response), 50));
    const loop = { kind: 'open', shape: { kind: 'constant', rate: 100 }, connections: 2 } as const;
    const result = await runLoad(planFor(port, { loop, warmUpMs: 0 }));
    expect(result.total.latency.count).toBe(100);
    expect(result.schedule.kind).toBe('missed');
    expect(JSON.stringify(result.schedule)).toContain('All 2 connections');
    expect(result.rates.sent).toBeLessThan(60);
    expect(result.rates.answered).toBeLessThan(60);
  });
});

test('a closed loop asks again when it is answered', async () => {
  let most = 0;
  let now = 0;
  const port = await serve((_, response) => {
    most = Math.max(most, ++now);
    setTimeout(() => {
      now -= 1;
      answer(response);
    }, 20);
  });
  const result = await runLoad(planFor(port, { loop: { kind: 'closed', connections: 6 }, clients: 3 }));
  expect(most).toBe(6);
  expect(result.rates.asked).toBeUndefined();
  expect(result.rates.answered).toBeLessThanOrEqual(6 * 50);
  expect(result.total.latency.quantileUs(0)).toBeGreaterThan(19_000);
});

describe('what goes wrong', () => {
  test('is counted by its kind and in no latency', async () => {
    let count = 0;
    const port = await serve((request, response) => {
      count += 1;
      if (count % 4 === 0) answer(response, 503);
      else if (count % 4 === 1) request.socket.destroy();
      else if (count % 4 === 2) request.socket.write('no HTTP\r\n\r\n');
      else answer(response);
    });
    const { total } = await runLoad(planFor(port, { warmUpMs: 0 }));
    expect(Object.keys(total.errors).sort()).toEqual(['lost', 'status 503', 'unreadable']);
    expect(errorCount(total) + total.latency.count).toBe(100);
  });

  test('may be nobody at the address', async () => {
    const port = await serve(() => undefined);
    servers.pop()?.close();
    const { total } = await runLoad(planFor(port, { warmUpMs: 0 }));
    expect(total.errors).toEqual({ connect: 100 });
  });

  test('may be silence, which ends with the time-out', async () => {
    const port = await serve(() => undefined);
    const { total } = await runLoad(planFor(port, { warmUpMs: 0, timeoutMs: 300 }));
    // What a busy machine let wait for so long was never sent.
    const { timeout = 0, 'not-sent': notSent = 0 } = total.errors;
    expect(timeout).toBeGreaterThan(0);
    expect(timeout + notSent).toBe(100);
  });
});

test('an idle connection that the server closes while a request is on its way costs one retry and no error', async () => {
  const used = new WeakSet<Socket>();
  const keys: string[] = [];
  const port = await serve((request, response) => {
    request.resume();
    keys.push(String(request.headers['idempotency-key']));
    // The second request of every connection meets its end.
    if (used.has(request.socket)) request.socket.destroy();
    else {
      used.add(request.socket);
      answer(response, 201);
    }
  });
  const order = {
    name: 'order',
    weight: 1,
    method: 'POST',
    paths: ['/o'],
    bodies: ['{"a":"ü"}'],
    expected: [201],
  } as const;
  const { total } = await runLoad(planFor(port, { kinds: [order], warmUpMs: 0 }));
  expect(errorCount(total)).toBe(0);
  expect(total.latency.count).toBe(100);
  expect(total.retries).toBeGreaterThan(0);
  expect(new Set(keys).size).toBe(100);
  expect(keys.length).toBe(100 + total.retries);
});
