import {
  CoordinatorService,
  ExecuteReply_Outcome as WireOutcome,
  type CoordinatorServer,
  type ExecuteReply,
  type ExecuteRequest,
} from '#generated/tristate/coordinator/v1/coordinator.js';
import { Protocol } from '#generated/tristate/transaction/v1/transaction.js';
import { Problem } from '#platform/errors/problem.js';
import type { GrpcServer } from '#platform/grpc/grpc-server.js';
import { unary } from '#platform/grpc/unary-handler.js';
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

export function serveCoordinator(server: GrpcServer, runtime: TransactionRuntime, outcomes: Outcomes): void {
  const implementation: CoordinatorServer = {
    execute: unary<ExecuteRequest, ExecuteReply>(async (request) => {
      const outcome = await executeTransaction(runtime, outcomes, toTransaction(request), request.resumed);
      if (outcome === 'overloaded') throw new Problem('overloaded');
      return toReply(outcome);
    }),
  };
  server.add(CoordinatorService, implementation);
}

function toTransaction({ gid, protocol: wire, branches }: ExecuteRequest): Transaction {
  const protocol = protocolOfWire.get(wire);
  if (!uuid.test(gid)) throw new Problem('validation-failed', 'gid must be a UUID in lower case');
  if (protocol === undefined) throw new Problem('unknown-protocol');
  if (branches.length === 0 || branches.length > mostBranches) {
    throw new Problem('validation-failed', `a transaction has 1 to ${mostBranches} branches`);
  }
  if (branches.some(({ action }) => action === undefined)) {
    throw new Problem('validation-failed', 'every branch needs an action');
  }
  return { gid, protocol, branches };
}

function toReply(outcome: Outcome): ExecuteReply {
  return outcome.outcome === 'committed'
    ? { outcome: WireOutcome.COMMITTED, code: '' }
    : { outcome: WireOutcome.ABORTED, code: outcome.code };
}
