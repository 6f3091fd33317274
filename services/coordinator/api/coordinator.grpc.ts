import {
  CoordinatorService,
  ExecuteReply_Outcome as WireOutcome,
  type CoordinatorServer,
  type ExecuteReply,
  type ExecuteRequest,
} from '#generated/tristate/coordinator/v1/coordinator.js';
import { Protocol } from '#generated/tristate/transaction/v1/transaction.js';
import type { GrpcServer } from '#platform/grpc/grpc-server.js';
import { StreamEndpoint } from '#platform/grpc/stream-endpoint.js';
import type { Logger } from '#platform/logging/logger.js';
import type { Transaction, TransactionRuntime } from '#platform/runtime/transaction-runtime.js';
import type { CommitProtocolName } from '#protocols/commit/catalogue.js';
import type { Outcome } from '#protocols/commit/messages.js';
import { executeTransaction, type Outcomes } from '../domain/execute-transaction.js';

const protocolOfWire = new Map<Protocol, CommitProtocolName>([
  [Protocol.NONE, 'none'],
  [Protocol.SAGA, 'saga'],
  [Protocol.TWO_PHASE_COMMIT, '2pc'],
]);

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const mostBranches = 16;

export function serveCoordinator(
  server: GrpcServer,
  runtime: TransactionRuntime,
  outcomes: Outcomes,
  logger: Logger,
): void {
  const endpoint = new StreamEndpoint<ExecuteRequest, ExecuteReply>(async (request) => {
    const transaction = toTransaction(request);
    // No answer leaves the order PENDING at its service, which will ask again.
    if (typeof transaction === 'string') {
      logger.error({ gid: request.gid }, `a transaction was not executed: ${transaction}`);
      return undefined;
    }
    const outcome = await executeTransaction(runtime, outcomes, transaction, request.resumed);
    if (outcome !== 'overloaded') return toReply(request.gid, outcome);
    logger.warn({ gid: request.gid }, 'a transaction was not executed: too many are under way');
    return undefined;
  });
  const implementation: CoordinatorServer = { execute: (stream) => endpoint.accept(stream) };
  server.add(CoordinatorService, implementation, endpoint);
}

/** The transaction, or what is wrong with the request. */
function toTransaction({ gid, protocol: wire, branches }: ExecuteRequest): Transaction | string {
  const protocol = protocolOfWire.get(wire);
  if (!uuid.test(gid)) return 'its gid is not a UUID in lower case';
  if (protocol === undefined) return 'its protocol is unknown';
  if (branches.length === 0 || branches.length > mostBranches)
    return `it has not 1 to ${mostBranches} branches`;
  if (branches.some(({ action }) => action === undefined)) return 'a branch has no action';
  return { gid, protocol, branches };
}

function toReply(gid: string, outcome: Outcome): ExecuteReply {
  return outcome.outcome === 'committed'
    ? { gid, outcome: WireOutcome.COMMITTED, code: '' }
    : { gid, outcome: WireOutcome.ABORTED, code: outcome.code };
}
