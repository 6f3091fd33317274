import {
  CoordinatorService,
  ExecuteReply_Outcome as WireOutcome,
  type CoordinatorServer,
  type ExecuteReply,
  type ExecuteRequest,
  type ReadLogReply,
  type ReadLogRequest,
  RepairReply_Result as WireRepair,
  type RepairReply,
  type RepairRequest,
} from '#generated/tristate/coordinator/v1/coordinator.js';
import { Protocol } from '#generated/tristate/transaction/v1/transaction.js';
import type { Failpoints } from '#platform/faults/failpoints.js';
import { messageCopies } from '#platform/faults/message-copies.js';
import { Problem } from '#platform/errors/problem.js';
import type { GrpcServer } from '#platform/grpc/grpc-server.js';
import { StreamEndpoint } from '#platform/grpc/stream-endpoint.js';
import { unary } from '#platform/grpc/unary-handler.js';
import type { Logger } from '#platform/logging/logger.js';
import { textOf, type Transaction } from '#platform/runtime/transaction-runtime.js';
import type { Trace } from '#platform/trace/trace.js';
import type { CommitProtocolName } from '#protocols/commit/catalogue.js';
import type { Outcome } from '#protocols/commit/messages.js';
import type { ActiveCoordinator, RecordOnDisk } from '../domain/active-coordinator.js';

const protocolOfWire = new Map<Protocol, CommitProtocolName>([
  [Protocol.NONE, 'none'],
  [Protocol.SAGA, 'saga'],
  [Protocol.TCC, 'tcc'],
  [Protocol.TWO_PHASE_COMMIT, '2pc'],
  [Protocol.THREE_PHASE_COMMIT, '3pc'],
]);

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const mostBranches = 16;

/** When a caller that was turned away may come again: most transactions of now have ended by then. */
const retryAfterMs = 1_000;

interface ServerParts {
  readonly server: GrpcServer;
  readonly coordinator: ActiveCoordinator;
  /** Of the database. */
  readonly epoch: () => number;
  /** A standby can read it as well. */
  readonly readLog: (gid: string) => Promise<{ protocol: string; records: RecordOnDisk[] } | undefined>;
  /** Hands over to a standby. */
  readonly retire: () => void;
  readonly failpoints: Failpoints;
  readonly trace: Trace;
  readonly logger: Logger;
}

/** Serves nobody until the returned endpoint is resumed. */
export function serveCoordinator(parts: ServerParts): StreamEndpoint<ExecuteRequest, ExecuteReply> {
  const endpoint = new StreamEndpoint<ExecuteRequest, ExecuteReply>(
    (request) => receive(parts, request),
    parts.server,
  );
  endpoint.suspend();
  const implementation: CoordinatorServer = {
    execute: (stream) => endpoint.accept(stream),
    readLog: unary((request: ReadLogRequest) => readLog(parts, request)),
    repair: unary((request: RepairRequest) => repair(parts, request)),
  };
  parts.server.add(CoordinatorService, implementation, {
    drain: () => {
      parts.retire();
      endpoint.drain();
    },
  });
  return endpoint;
}

/** Takes a request past its failpoint; no answer leaves the order PENDING at its service, which will ask again. */
async function receive(
  parts: ServerParts,
  request: ExecuteRequest,
): Promise<ExecuteReply | readonly ExecuteReply[] | undefined> {
  const transaction = toTransaction(request);
  if (typeof transaction === 'string') {
    parts.logger.error({ gid: request.gid }, `a transaction was not executed: ${transaction}`);
    return undefined;
  }
  const { gid, correlationId } = transaction;
  const { sender: from, sentAtUs, resumed } = request;
  parts.trace.received(gid, correlationId, { message: 'execute', from, sentAtUs });
  // Its order may be lost. Where it is not, its service will ask again.
  if (request.epoch < parts.epoch()) return undefined;
  const hit = parts.failpoints.hit('coordinator.execute.after-receive', transaction);
  if (hit === undefined) return execute(parts, transaction, resumed, from);
  const { termNumber } = parts.coordinator;
  const copies = await messageCopies(hit);
  // Held back past the end of the term, it may have been executed by another coordinator meanwhile.
  if (parts.coordinator.termNumber !== termNumber) return undefined;
  const replies = await Promise.all(
    Array.from({ length: copies }, () => execute(parts, transaction, resumed, from)),
  );
  return replies.flatMap((reply) => reply ?? []);
}

async function execute(
  { coordinator, failpoints, trace, logger }: ServerParts,
  transaction: Transaction,
  resumed: boolean,
  to: string,
): Promise<ExecuteReply | readonly ExecuteReply[] | undefined> {
  const { gid, correlationId } = transaction;
  const ending = await coordinator.execute(transaction, resumed);
  if (ending === 'dropped') return undefined;
  if (ending === 'overloaded') logger.warn({ gid }, 'a transaction was not executed: too many are under way');
  const hit = failpoints.hit('coordinator.execute.before-reply', transaction);
  const copies = hit === undefined ? 1 : await messageCopies(hit);
  if (copies === 0) return undefined;
  const said = ending === 'overloaded' ? ending : textOf(ending);
  const sentAtUs = trace.note(gid, correlationId, { kind: 'sent', message: `execute: ${said}`, to });
  const reply = { ...toReply(gid, ending), sender: trace.process, sentAtUs };
  return copies === 1 ? reply : [reply, reply];
}

async function readLog(parts: ServerParts, { gid }: ReadLogRequest): Promise<ReadLogReply> {
  requireGid(gid);
  return (await parts.readLog(gid)) ?? { protocol: '', records: [] };
}

const wireRepair = {
  committed: WireRepair.COMMITTED,
  undone: WireRepair.UNDONE,
  'nothing-to-repair': WireRepair.NOTHING_TO_REPAIR,
} as const;

async function repair({ coordinator }: ServerParts, { gid }: RepairRequest): Promise<RepairReply> {
  requireGid(gid);
  const result = await coordinator.repair(gid);
  if (result === 'standby')
    throw new Problem('upstream-unavailable', 'This coordinator is a standby; another can repair');
  if (result === 'unknown-transaction') throw new Problem('unknown-transaction');
  return { result: wireRepair[result], detail: '' };
}

function requireGid(gid: string): void {
  if (!uuid.test(gid)) throw new Problem('validation-failed', 'gid is not a UUID in lower case');
}

/** The transaction, or what is wrong with the request. */
function toTransaction({
  gid,
  protocol: wire,
  branches,
  correlationId,
}: ExecuteRequest): Transaction | string {
  const protocol = protocolOfWire.get(wire);
  if (!uuid.test(gid)) return 'its gid is not a UUID in lower case';
  if (protocol === undefined) return 'its protocol is unknown';
  if (branches.length === 0 || branches.length > mostBranches)
    return `it has not 1 to ${mostBranches} branches`;
  if (branches.some(({ action }) => action === undefined)) return 'a branch has no action';
  return { gid, protocol, branches, correlationId };
}

function toReply(gid: string, ending: Outcome | 'overloaded'): Omit<ExecuteReply, 'sender' | 'sentAtUs'> {
  if (ending === 'overloaded') return { gid, outcome: WireOutcome.OVERLOADED, code: '', retryAfterMs };
  return ending.outcome === 'committed'
    ? { gid, outcome: WireOutcome.COMMITTED, code: '', retryAfterMs: 0 }
    : { gid, outcome: WireOutcome.ABORTED, code: ending.code, retryAfterMs: 0 };
}
