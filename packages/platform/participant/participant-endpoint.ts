import { Metadata, type ServerDuplexStream } from '@grpc/grpc-js';
import {
  ParticipantService,
  type BranchReply,
  type BranchRequest,
  type ParticipantServer,
} from '#generated/tristate/participant/v1/participant.js';
import type { GrpcServer } from '../grpc/grpc-server.js';
import { runInScope } from '../logging/correlation.js';
import type { Participant } from './participant.js';

type Exchange = ServerDuplexStream<BranchRequest, BranchReply>;

/** Serves a participant over gRPC: one stream for each coordinator, answered as soon as each answer is there. */
export class ParticipantEndpoint {
  private readonly streams = new Set<Exchange>();
  private inFlight = 0;
  private draining = false;

  constructor(private readonly participant: Participant) {}

  register(server: GrpcServer): void {
    const implementation: ParticipantServer = { exchange: (stream) => this.accept(stream) };
    server.add(ParticipantService, implementation);
  }

  /** Ends the streams once the messages under way are answered. */
  drain(): void {
    this.draining = true;
    if (this.inFlight === 0) this.endStreams();
  }

  private accept(stream: Exchange): void {
    // The headers tell the coordinator that the stream is open.
    stream.sendMetadata(new Metadata());
    this.streams.add(stream);
    stream.on('data', (request: BranchRequest) => {
      if (!this.draining) void this.answer(stream, request);
    });
    stream.on('end', () => stream.end());
    stream.on('error', () => this.streams.delete(stream));
    stream.on('close', () => this.streams.delete(stream));
  }

  private async answer(stream: Exchange, request: BranchRequest): Promise<void> {
    this.inFlight += 1;
    try {
      const reply = await runInScope({ correlationId: request.correlationId }, () => this.participant.handle(request));
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
