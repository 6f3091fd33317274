import type { Client, ClientDuplexStream, Metadata } from '@grpc/grpc-js';
import type { Logger } from '../logging/logger.js';

const reopenAfterMs = 100;

interface StreamChannelOptions<Request, Reply> {
  readonly address: string;
  readonly client: Client;
  /** Opens the stream. The server must send its headers as soon as it has it. */
  readonly open: () => ClientDuplexStream<Request, Reply>;
  readonly receive: (reply: Reply) => void;
  /** The stream broke: what was sent and not answered may or may not have arrived. */
  readonly lost?: () => void;
}

/** One long-lived stream to one process, opened again whenever it breaks. It may lose messages; it never repeats one. */
export class StreamChannel<Request, Reply> {
  isOpen = false;
  private stream: ClientDuplexStream<Request, Reply> | undefined;
  private reopening: NodeJS.Timeout | undefined;
  private closed = false;

  constructor(
    private readonly options: StreamChannelOptions<Request, Reply>,
    private readonly logger: Logger,
  ) {
    this.open();
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
    stream.on('metadata', () => {
      this.isOpen = true;
      this.logger.debug({ address: this.options.address }, 'stream opened');
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

/** Takes the channels that are open in turn. */
export class RoundRobin<Channel extends { readonly isOpen: boolean }> {
  private turn = 0;

  constructor(private readonly channels: readonly Channel[]) {}

  /** Undefined when none is open. */
  next(): Channel | undefined {
    const { channels } = this;
    for (let tried = 0; tried < channels.length; tried += 1) {
      const channel = channels[this.turn++ % channels.length];
      if (channel?.isOpen === true) return channel;
    }
    return undefined;
  }
}

/** Marks a stream's metadata so that it waits for a process that is not there yet, instead of failing at once. */
export function waitingForReady(metadata: Metadata): Metadata {
  metadata.setOptions({ waitForReady: true });
  return metadata;
}
