import { Metadata, type ServerDuplexStream } from '@grpc/grpc-js';
import { acceptCorrelationId, runInScope } from '../logging/correlation.js';

/**
 * The serving side of a StreamChannel: answers each message as soon as its answer is there, in whatever order, or not at
 * all when there is none.
 */
export class StreamEndpoint<Request extends { correlationId: string }, Reply> {
  private readonly streams = new Set<ServerDuplexStream<Request, Reply>>();
  private inFlight = 0;
  private draining = false;

  constructor(private readonly handle: (request: Request) => Promise<Reply | undefined>) {}

  accept(stream: ServerDuplexStream<Request, Reply>): void {
    // The headers tell the caller that the stream is open.
    stream.sendMetadata(new Metadata());
    this.streams.add(stream);
    stream.on('data', (request: Request) => {
      if (!this.draining) void this.answer(stream, request);
    });
    stream.on('end', () => stream.end());
    stream.on('error', () => this.streams.delete(stream));
    stream.on('close', () => this.streams.delete(stream));
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
      if (reply !== undefined && this.streams.has(stream)) stream.write(reply);
    } finally {
      this.inFlight -= 1;
      if (this.draining && this.inFlight === 0) this.endStreams();
    }
  }

  private endStreams(): void {
    for (const stream of this.streams) stream.end();
  }
}
