import { connect, type Socket } from 'node:net';

export interface HttpRequest {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** A response, or the third state: the connection broke, or the time was over, before it was there. */
export type HttpOutcome =
  | { readonly kind: 'response'; readonly status: number; readonly head: string; readonly body: string }
  | { readonly kind: 'lost'; readonly reason: string };

const headEnd = Buffer.from('\r\n\r\n');
const contentLength = /\r\ncontent-length: *(\d+)/i;
const closing = /\r\nconnection: *close/i;

/**
 * A keep-alive connection that carries one request after the other. Thousands of them in a second are what a history of a
 * million reads needs, and Node's own clients take three times the CPU for that, which the shop on the same machine lacks.
 */
export class HttpConnection {
  private readonly host: string;
  private socket: Socket | undefined;
  private received: Buffer | undefined;
  private resolve: ((outcome: HttpOutcome) => void) | undefined;

  constructor(
    private readonly url: URL,
    private readonly timeoutMs: number,
  ) {
    this.host = url.host;
  }

  /** One at a time. */
  request({ method, path, headers, body }: HttpRequest): Promise<HttpOutcome> {
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    const length = body === undefined ? '' : `Content-Length: ${Buffer.byteLength(body)}\r\n`;
    const text = `${method} ${path} HTTP/1.1\r\nHost: ${this.host}\r\n${lines.join('')}${length}\r\n${body ?? ''}`;
    this.socket ??= this.open();
    const { socket } = this;
    return new Promise((resolve) => {
      this.resolve = resolve;
      socket.write(text);
    });
  }

  close(): void {
    this.drop('closed');
  }

  private open(): Socket {
    const { hostname, port } = this.url;
    const socket = connect({ host: hostname, port: Number(port), noDelay: true });
    socket.setTimeout(this.timeoutMs, () => this.drop(`no answer after ${this.timeoutMs} ms`));
    socket.on('data', (chunk) => this.receive(chunk));
    socket.on('error', (error) => this.drop(error.message));
    socket.on('close', () => {
      if (socket === this.socket) this.drop('the connection was closed');
    });
    return socket;
  }

  private receive(chunk: Buffer): void {
    const bytes = this.received === undefined ? chunk : Buffer.concat([this.received, chunk]);
    this.received = bytes;
    const end = bytes.indexOf(headEnd);
    if (end === -1) return;
    const head = bytes.toString('latin1', 0, end);
    const length = contentLength.exec(head)?.[1];
    if (length === undefined) {
      this.drop('a response without a length');
      return;
    }
    const bodyAt = end + headEnd.length;
    if (bytes.length < bodyAt + Number(length)) return;
    this.received = undefined;
    const status = Number(head.slice(9, 12));
    const body = bytes.toString('utf8', bodyAt, bodyAt + Number(length));
    const { resolve } = this;
    this.resolve = undefined;
    if (closing.test(head)) this.drop('the server closed the connection');
    resolve?.({ kind: 'response', status, head, body });
  }

  private drop(reason: string): void {
    const { socket, resolve } = this;
    this.socket = undefined;
    this.received = undefined;
    this.resolve = undefined;
    socket?.destroy();
    resolve?.({ kind: 'lost', reason });
  }
}

/** Finds a header in a response's head, whatever case it is written in. */
export function headerNamed(name: string): (head: string) => string | undefined {
  const pattern = new RegExp(`\\r\\n${name}: *([^\\r]*)`, 'i');
  return (head) => pattern.exec(head)?.[1];
}
