import {
  ExecuteReply_Outcome as Outcome,
  type ExecuteReply,
} from '#generated/tristate/coordinator/v1/coordinator.js';
import { Protocol } from '#generated/tristate/transaction/v1/transaction.js';
import type { Database } from '#platform/postgres/database.js';
import type { CoordinatorChannels } from '#platform/runtime/coordinator-channels.js';
import type { CommitProtocolName } from '#protocols/commit/catalogue.js';
import { branchesOf } from '../domain/branches.js';
import type { ExecutionResult, OrderExecution, PricedOrder } from '../domain/order-execution.js';
import { isCoordinated, type Order } from '../domain/orders.js';
import { insertOrder, releaseOrder } from './orders.js';

const wireProtocol: Record<CommitProtocolName, Protocol> = {
  none: Protocol.NONE,
  saga: Protocol.SAGA,
  tcc: Protocol.TCC,
  '2pc': Protocol.TWO_PHASE_COMMIT,
  '3pc': Protocol.THREE_PHASE_COMMIT,
};

/**
 * The execution of the stages with a database for each service: the order is recorded PENDING, and the
 * coordinator drives its transaction. Without an answer the outcome is unknown.
 */
export class CoordinatedExecution implements OrderExecution {
  constructor(
    private readonly database: Database,
    private readonly coordinator: CoordinatorChannels,
  ) {}

  protocolOf(asked: CommitProtocolName): CommitProtocolName {
    return asked;
  }

  async place(order: PricedOrder, deadlineAtMs: number): Promise<ExecutionResult> {
    const { epoch } = this.database.members;
    const added = await insertOrder(this.database, order);
    if (added === 'duplicate') return { outcome: 'duplicate' };
    const result = await this.execute(order, { resumed: false, epoch }, deadlineAtMs);
    if (result.outcome !== 'overloaded') return result;
    // Nothing was done for it, so the same key may be used again. One that somebody else has taken up stays.
    return (await releaseOrder(this.database, order.id)) ? result : { outcome: 'unknown' };
  }

  resume(order: Order, deadlineAtMs: number): Promise<ExecutionResult> {
    return this.execute(order, { resumed: true, epoch: this.database.members.epoch }, deadlineAtMs);
  }

  private async execute(
    order: Order | PricedOrder,
    asked: { readonly resumed: boolean; readonly epoch: number },
    deadlineAtMs: number,
  ): Promise<ExecutionResult> {
    if (!isCoordinated(order.protocol))
      throw new Error(`An order whose protocol is ${order.protocol} has no coordinator`);
    const request = {
      gid: order.id,
      protocol: wireProtocol[order.protocol],
      branches: branchesOf(order),
      ...asked,
    };
    const result = await this.coordinator.execute(request, deadlineAtMs);
    return result.outcome === 'success' ? toResult(result.reply) : { outcome: 'unknown' };
  }
}

function toResult(reply: ExecuteReply): ExecutionResult {
  switch (reply.outcome) {
    case Outcome.COMMITTED:
      return { outcome: 'committed' };
    case Outcome.ABORTED:
      return { outcome: 'rejected', code: reply.code };
    case Outcome.OVERLOADED:
      return { outcome: 'overloaded', retryAfterMs: reply.retryAfterMs };
    case Outcome.UNSPECIFIED:
      return { outcome: 'unknown' };
  }
}
