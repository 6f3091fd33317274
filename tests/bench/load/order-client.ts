import { connect, type Socket } from 'node:net';
import { ResponseReader } from '#cli/load/wire/response-reader.js';

export interface OrderClientPlan {
  readonly port: number;
  readonly token: string;
  readonly keyPrefix: string;
  readonly bodies: readonly string[];
}

/** Called with the status of each answer (0: the connection broke before it) and the time that it took. */
type OnAnswer = (status: number, latencyMs: number) => void;

/** One customer on one connection: places an order as soon as the one before it is answered. */
export class OrderClient {
  private readonly head: string;
  private readonly payloads: readonly string[];
  private socket: Socket;
  private reader = new ResponseReader();
  private sentAtMs = 0;
  private waiting = false;
  private stopping = false;
  private count = 0;
  private ended: (() => void) | undefined;

  constructor(
    private readonly plan: OrderClientPlan,
    private readonly onAnswer: OnAnswer,
  ) {
    this.head =
      `POST /api/orders HTTP/1.1\r\nHost: 127.0.0.1:${plan.port}\r\nAuthorization: Bearer ${plan.token}\r\n` +
      `Content-Type: application/json\r\nIdempotency-Key: ${plan.keyPrefix}-`;
    this.payloads = plan.bodies.map(
      (body) => `\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    );
    this.socket = this.open();
  }

  /** Places no more orders; resolves when the last one is answered. */
  stop(): Promise<void> {
    this.stopping = true;
    return new Promise((resolve) => {
      this.ended = resolve;
      if (!this.waiting) this.end();
    });
  }

  private open(): Socket {
    const socket = connect({ port: this.plan.port, host: '127.0.0.1', noDelay: true });
    socket.on('connect', () => this.send());
    socket.on('data', (chunk) => this.receive(chunk));
    // 'close' follows every error and tells the same.
    socket.on('error', () => undefined);
    socket.on('close', () => this.onClose(socket));
    return socket;
  }

  private send(): void {
    if (this.stopping) {
      this.end();
      return;
    }
    const payload = this.payloads[Math.floor(Math.random() * this.payloads.length)] ?? '';
    this.waiting = true;
    this.sentAtMs = performance.now();
    this.socket.write(`${this.head}${this.count++}${payload}`, 'latin1');
  }

  private receive(chunk: Buffer): void {
    const response = this.reader.push(chunk);
    if (response === undefined) return;
    this.waiting = false;
    this.onAnswer(response.status, performance.now() - this.sentAtMs);
    if (response.closes) this.socket.end();
    else this.send();
  }

  private onClose(socket: Socket): void {
    if (socket !== this.socket) return;
    if (this.waiting) {
      this.waiting = false;
      this.onAnswer(0, performance.now() - this.sentAtMs);
    }
    this.reader = new ResponseReader();
    if (this.stopping) this.ended?.();
    // A server that refuses connections is not asked again at once.
    else setTimeout(() => (this.socket = this.open()), 10);
  }

  private end(): void {
    this.socket.destroy();
    this.ended?.();
  }
}
