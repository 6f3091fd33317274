import { Metadata, status as GrpcStatus, type ServerDuplexStream } from '@grpc/grpc-js';
import { acceptCorrelationId, runInScope } from '../logging/correlation.js';
import type { Logger } from '../logging/logger.js';

/** In the headers of a stream: the name of the process that serves it. */
export const servedByKey = 'x-served-by';

/**
 * The serving side of a StreamChannel: answers each message as soon as its answer is there, in whatever order, or not at
 * all when there is none, be it for an error: its caller asks again, as after a message that was lost. A list of answers is sent as
 * it is.
 */
export class StreamEndpoint<Request extends { correlationId: string }, Reply extends object> {
  private readonly streams = new Set<ServerDuplexStream<Request, Reply>>();
  private inFlight = 0;
  private draining = false;
  private open = true;

  constructor(
    private readonly handle: (request: Request) => Promise<Reply | readonly Reply[] | undefined>,
    private readonly server: { readonly processName: string; readonly logger: Pick<Logger, 'error'> },
  ) {}

  accept(stream: ServerDuplexStream<Request, Reply>): void {
    this.streams.add(stream);
    stream.on('data', (request: Request) => {
      if (!this.draining) void this.answer(stream, request);
    });
    stream.on('end', () => stream.end());
    stream.on('error', () => this.streams.delete(stream));
    stream.on('close', () => this.streams.delete(stream));
    if (this.draining) stream.end();
    else if (this.open) this.sendHeaders(stream);
  }

  /** Sends something that nobody asked for to everybody; returns how many that are. */
  push(reply: Reply): number {
    for (const stream of this.streams) stream.write(reply);
    return this.streams.size;
  }

  /** From now on a caller that opens a stream is left waiting for its headers, and the streams that are open end. */
  suspend(): void {
    this.open = false;
    for (const stream of this.streams) {
      stream.emit('error', { code: GrpcStatus.UNAVAILABLE, details: 'unavailable: not serving now' });
    }
  }

  /** Serves whoever is waiting, and whoever comes. */
  resume(): void {
    if (this.open) return;
    this.open = true;
    for (const stream of this.streams) this.sendHeaders(stream);
  }

  /** Ends the streams once the messages under way are answered. */
  drain(): void {
    this.draining = true;
    if (this.inFlight === 0) this.endStreams();
  }

  private async answer(stream: ServerDuplexStream<Request, Reply>, request: Request): Promise<void> {
    this.inFlight += 1;
    try {
      const scope = { correlationId: acceptCorrelationId(request.correlationId) };
      const reply = await runInScope(scope, () => this.handle(request));
      if (reply === undefined || !this.streams.has(stream)) return;
      if (isList(reply)) for (const one of reply) stream.write(one);
      else stream.write(reply);
    } catch (error) {
      this.server.logger.error({ err: error }, 'a message could not be answered');
    } finally {
      this.inFlight -= 1;
      if (this.draining && this.inFlight === 0) this.endStreams();
    }
  }

  /** The headers tell the caller that the stream is open. */
  private sendHeaders(stream: ServerDuplexStream<Request, Reply>): void {
    const metadata = new Metadata();
    metadata.set(servedByKey, this.server.processName);
    stream.sendMetadata(metadata);
  }

  private endStreams(): void {
    for (const stream of this.streams) stream.end();
  }
}

function isList<Reply extends object>(reply: Reply | readonly Reply[]): reply is readonly Reply[] {
  return Array.isArray(reply);
}
