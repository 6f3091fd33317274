import { connect, type Socket } from 'node:net';
import { ResponseReader, type ResponseHead } from './response-reader.js';
import type { LossKind, TimedRequest } from './timed-request.js';

export interface ConnectionEvents {
  onOpen(connection: LoadConnection): void;
  /** The answer is there; the connection is free again unless the answer closes it. */
  onAnswer(connection: LoadConnection, request: TimedRequest, head: ResponseHead): void;
  /** Comes once, last. The request was under way; `untouched` when it is sure that no byte of an answer came. */
  onEnd(connection: LoadConnection, end: ConnectionEnd): void;
}

export interface ConnectionEnd {
  readonly request: TimedRequest | undefined;
  readonly kind: LossKind;
  /** It was closed while or before the request arrived: an idle connection that the server gave up. */
  readonly isStale: boolean;
}

interface Endpoint {
  readonly host: string;
  readonly port: number;
  readonly localAddress?: string;
}

/** Read into by one connection after the other: what is read is looked at before the next one's turn. */
const sharedBuffer = Buffer.allocUnsafe(256 * 1024);

/** A keep-alive connection of one client that carries one request after the other. */
export class LoadConnection {
  request: TimedRequest | undefined;
  isOpen = false;
  private readonly socket: Socket;
  private readonly reader = new ResponseReader();
  private answers = 0;
  private kind: LossKind | undefined;

  constructor(
    endpoint: Endpoint,
    /** Whose address it comes from. */
    readonly client: number,
    private readonly events: ConnectionEvents,
  ) {
    const onread = {
      buffer: sharedBuffer,
      callback: (length: number, buffer: Uint8Array): boolean => {
        this.receive(Buffer.from(buffer.buffer, buffer.byteOffset, length));
        return true;
      },
    };
    this.socket = connect({ ...endpoint, noDelay: true, onread });
    this.socket.on('connect', () => {
      this.isOpen = true;
      events.onOpen(this);
    });
    // 'close' follows every error and tells the same.
    this.socket.on('error', () => undefined);
    this.socket.on('close', () => this.end());
  }

  send(request: TimedRequest, bytes: string): void {
    this.request = request;
    this.socket.write(bytes, 'latin1');
  }

  /** Ends it; a request that is under way is told to have ended in this way. */
  close(kind: LossKind = 'lost'): void {
    this.kind ??= kind;
    this.socket.destroy();
  }

  private receive(chunk: Buffer): void {
    const { request } = this;
    let head: ResponseHead | undefined;
    try {
      if (request === undefined) throw new Error('An answer came that nobody has asked for');
      head = this.reader.push(chunk);
    } catch {
      this.close('unreadable');
      return;
    }
    if (head === undefined) return;
    this.answers += 1;
    this.request = undefined;
    if (head.closes) this.socket.destroy();
    this.events.onAnswer(this, request, head);
  }

  private end(): void {
    const { request } = this;
    this.request = undefined;
    const isStale = this.kind === undefined && this.answers > 0 && !this.reader.hasBegun;
    const kind = this.kind ?? (this.isOpen ? 'lost' : 'connect');
    this.isOpen = false;
    this.events.onEnd(this, { request, kind, isStale });
  }
}
