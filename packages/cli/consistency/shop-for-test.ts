import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';

interface Reply {
  readonly status: number;
  readonly body: unknown;
  readonly readFrom?: string;
}

/** An account's order, or how it was opened. */
interface Entry {
  readonly id: string;
  readonly atMs: number;
  readonly balanceMinor: number;
}

const priceMinor = 700;

/** A shop in one process: a primary, and a replica that is late. It keeps its promises, or it does not. */
export class ShopForTest {
  /** How late the replica is, by the id of the lag; the latest counts. */
  readonly lags = new Map<string, number>();
  /** A level whose reads go to the replica, whatever it promises. */
  broken: string | undefined;
  /** How many of the next orders are placed without an answer. */
  answersToLose = 0;
  /** Refuses so many of the next reads, as a shop whose failover has lost what the session knew. */
  sessionsToLose = 0;
  private readonly accounts = new Map<string, Entry[]>();
  private readonly keys = new Map<string, Entry>();
  private readonly server: Server;
  private count = 0;

  constructor() {
    this.server = createServer((request, response) => {
      void this.answer(request).then((reply) => {
        if (reply === undefined) {
          response.destroy();
          return;
        }
        const text = JSON.stringify(reply.body);
        response.writeHead(reply.status, {
          'Content-Length': Buffer.byteLength(text),
          'X-Session': 'a token',
          ...(reply.readFrom !== undefined && { 'X-Read-From': reply.readFrom }),
        });
        response.end(text);
      });
    });
  }

  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  /** Undefined: the connection breaks. */
  private async answer(request: IncomingMessage): Promise<Reply | undefined> {
    const body = Number(request.headers['content-length'] ?? 0) > 0 ? await json(request) : undefined;
    const { pathname } = new URL(request.url ?? '', 'http://shop');
    if (pathname.startsWith('/control/')) return this.operate(`${request.method} ${pathname}`, body);
    if (request.method === 'POST') return this.write(pathname, request, body);
    if (pathname === '/api/products')
      return { status: 200, body: { items: [{ sku: 'MUG', priceMinor, available: 1_000_000 }] } };
    return this.read(pathname, request);
  }

  private operate(call: string, body: unknown): Reply {
    if (call === 'GET /control/database')
      return { status: 200, body: { members: [{ name: 'replica', role: 'replica' }] } };
    if (call.startsWith('DELETE')) {
      this.lags.delete(call.split('/').at(-1) ?? '');
      return { status: 200, body: {} };
    }
    const id = `lag-${++this.count}`;
    this.lags.set(id, (body as { lagMs: number }).lagMs);
    return { status: 201, body: { id, member: 'replica' } };
  }

  private write(path: string, { headers }: IncomingMessage, body: unknown): Reply | undefined {
    const { owner = '', openingBalanceMinor = 0 } = body as { owner?: string; openingBalanceMinor?: number };
    // A token is the name of its owner, and so is an account's id.
    if (path === '/api/tokens') return { status: 201, body: { token: owner } };
    if (path === '/api/accounts') {
      this.accounts.set(owner, [{ id: '', atMs: -Infinity, balanceMinor: openingBalanceMinor }]);
      return { status: 201, body: { id: owner } };
    }
    const log = this.accounts.get(headers.authorization?.slice('Bearer '.length) ?? '') ?? [];
    const key = headers['idempotency-key']?.toString() ?? '';
    let entry = this.keys.get(key);
    if (entry === undefined) {
      const balanceMinor = (log.at(-1)?.balanceMinor ?? 0) - priceMinor;
      entry = { id: `order-${++this.count}`, atMs: performance.now(), balanceMinor };
      log.push(entry);
      this.keys.set(key, entry);
      if (this.answersToLose-- > 0) return undefined;
    }
    return { status: 201, body: { id: entry.id, status: 'CONFIRMED' } };
  }

  private read(path: string, { headers }: IncomingMessage): Reply {
    if (this.sessionsToLose > 0) {
      this.sessionsToLose -= 1;
      return { status: 409, body: { code: 'session-lost' } };
    }
    const level = headers['x-consistency']?.toString().split(';')[0];
    const late = (level === 'eventual' || level === this.broken) && ++this.count % 2 === 0;
    const upToMs = performance.now() - (late ? ([...this.lags.values()].at(-1) ?? 0) : 0);
    const readFrom = late ? 'replica' : 'primary';
    const [, , kind, id = ''] = path.split('/');
    if (kind === 'orders') {
      const order = [...this.keys.values()].find((one) => one.id === id && one.atMs <= upToMs);
      return order === undefined
        ? { status: 404, body: { code: 'not-found' }, readFrom }
        : { status: 200, body: { id, status: 'CONFIRMED' }, readFrom };
    }
    const entry = this.accounts.get(id)?.findLast(({ atMs }) => atMs <= upToMs);
    return { status: 200, body: { id, balanceMinor: entry?.balanceMinor }, readFrom };
  }
}
