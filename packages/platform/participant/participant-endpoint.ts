import {
  ParticipantService,
  type BranchReply,
  type BranchRequest,
  type ParticipantServer,
} from '#generated/tristate/participant/v1/participant.js';
import type { GrpcServer } from '../grpc/grpc-server.js';
import { StreamEndpoint } from '../grpc/stream-endpoint.js';
import type { Participant } from './participant.js';

/** Serves a participant over gRPC, one stream for each coordinator, and starts it. */
export async function serveParticipant(server: GrpcServer, participant: Participant): Promise<void> {
  const endpoint = new StreamEndpoint<BranchRequest, BranchReply>(
    (request) => participant.handle(request),
    server,
  );
  const implementation: ParticipantServer = { exchange: (stream) => endpoint.accept(stream) };
  server.add(ParticipantService, implementation, endpoint);
  await participant.start((reply) => endpoint.push(reply));
}
