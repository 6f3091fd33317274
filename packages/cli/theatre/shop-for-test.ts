import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import type { ProtocolEvent } from '#platform/trace/protocol-event.js';

export interface SeenCall {
  readonly call: string;
  readonly body: unknown;
  readonly correlationId: string | undefined;
}

/** A shop that answers what it is told to, and remembers what it was asked. */
export class ShopForTest {
  readonly calls: SeenCall[] = [];
  events: readonly ProtocolEvent[] = [];
  /** Status and body of each call that differ from the usual. */
  readonly answers = new Map<string, { status: number; body: unknown }>();
  private readonly server: Server;

  constructor() {
    this.server = createServer((request, response) => {
      void this.answer(request).then(({ status, body }) => {
        response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
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

  private async answer(request: IncomingMessage): Promise<{ status: number; body: unknown }> {
    const body = Number(request.headers['content-length'] ?? 0) > 0 ? await json(request) : undefined;
    const call = `${request.method} ${request.url?.replace(/\?.*/, '')}`;
    this.calls.push({ call, body, correlationId: request.headers['x-correlation-id']?.toString() });
    return this.answers.get(call) ?? { status: 200, body: this.usual(call) };
  }

  private usual(call: string): unknown {
    switch (call) {
      case 'POST /api/tokens':
        return { token: 't' };
      case 'POST /api/orders':
        return { id: 'g', status: 'CONFIRMED', totalMinor: 100 };
      case 'POST /control/faults':
        return { id: `fault-${this.calls.length}` };
      case 'GET /control/transactions/g':
        return { gid: 'g', protocol: '2pc', outcome: 'committed', events: this.events, log: [] };
      case 'GET /control/invariants':
        return { ok: true, laws: [{ name: 'law', ok: true, expected: '0', actual: '0' }] };
      default:
        return {};
    }
  }
}
