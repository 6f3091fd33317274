import type { Client, ClientDuplexStream, Metadata } from '@grpc/grpc-js';
import type { Logger } from '../logging/logger.js';
import { servedByKey } from './stream-endpoint.js';

const reopenAfterMs = 100;

interface StreamChannelOptions<Request, Reply> {
  readonly address: string;
  readonly client: Client;
  /** Opens the stream. The server must send its headers as soon as it has it. */
  readonly open: () => ClientDuplexStream<Request, Reply>;
  readonly receive: (reply: Reply) => void;
  /** The stream is open, perhaps again: what the other side has to know is to be sent now. */
  readonly opened?: () => void;
  /** The stream broke: what was sent and not answered may or may not have arrived. */
  readonly lost?: () => void;
}

/** One long-lived stream to one process, opened again whenever it breaks. It may lose messages; it never repeats one. */
export class StreamChannel<Request, Reply> {
  isOpen = false;
  /** The name of the process at the other end, as it told when the stream was opened; its address before. */
  peer: string;
  private stream: ClientDuplexStream<Request, Reply> | undefined;
  private reopening: NodeJS.Timeout | undefined;
  private closed = false;

  constructor(
    private readonly options: StreamChannelOptions<Request, Reply>,
    private readonly logger: Logger,
  ) {
    this.peer = options.address;
    this.open();
  }

  /** Messages that the other side has not taken yet. */
  get unsent(): number {
    return this.stream?.writableLength ?? 0;
  }

  write(request: Request): void {
    this.stream?.write(request);
  }

  close(): void {
    this.closed = true;
    clearTimeout(this.reopening);
    this.stream?.end();
    this.options.client.close();
  }

  private open(): void {
    const stream = this.options.open();
    this.stream = stream;
    stream.on('metadata', (headers) => {
      this.isOpen = true;
      this.peer = headers.get(servedByKey)[0]?.toString() ?? this.peer;
      this.logger.debug({ address: this.options.address }, 'stream opened');
      this.options.opened?.();
    });
    stream.on('data', (reply: Reply) => this.options.receive(reply));
    // 'error' comes before 'end' when the connection broke; either way there is a new stream to open.
    stream.on('error', () => this.reopen(stream));
    stream.on('end', () => this.reopen(stream));
  }

  private reopen(broken: ClientDuplexStream<Request, Reply>): void {
    if (this.stream !== broken || this.closed) return;
    if (this.isOpen) this.logger.warn({ address: this.options.address }, 'stream lost');
    this.isOpen = false;
    this.stream = undefined;
    this.options.lost?.();
    this.reopening = setTimeout(() => this.open(), reopenAfterMs);
  }
}

/** Marks a stream's metadata so that it waits for a process that is not there yet, instead of failing at once. */
export function waitingForReady(metadata: Metadata): Metadata {
  metadata.setOptions({ waitForReady: true });
  return metadata;
}
