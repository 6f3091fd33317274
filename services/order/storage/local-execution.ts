import type { Participant } from '#platform/participant/participant.js';
import type { Database, Session } from '#platform/postgres/database.js';
import { branchesOf } from '../domain/branches.js';
import type { ExecutionResult, OrderExecution, PricedOrder } from '../domain/order-execution.js';
import type { Order } from '../domain/orders.js';
import { insertOrder, PostgresOrders } from './orders.js';

/**
 * The execution of the stages with one database: the order and all its branches in one ACID transaction. The
 * branches are the ones that the commit protocols drive; here nothing is left for a protocol to do.
 */
export class LocalExecution implements OrderExecution {
  private readonly orders: PostgresOrders;

  constructor(
    private readonly database: Database,
    private readonly participant: Participant,
  ) {
    this.orders = new PostgresOrders(database);
  }

  protocolOf(): 'local' {
    return 'local';
  }

  async place(order: PricedOrder): Promise<ExecutionResult> {
    const result = await this.runInTransaction(order, (session) => insertOrder(session, order));
    if (result.outcome !== 'rejected') return result;
    // The transaction left no trace; the order's fate is recorded by itself.
    const added = await this.orders.add({ ...order, status: 'REJECTED', code: result.code });
    return added === 'duplicate' ? { outcome: 'duplicate' } : result;
  }

  async resume(order: Order): Promise<ExecutionResult> {
    const result = await this.runInTransaction(order, () => Promise.resolve('added'));
    if (result.outcome === 'rejected') await this.orders.reject(order.id, result.code);
    return result;
  }

  private async runInTransaction(
    order: Order | PricedOrder,
    record: (session: Session) => Promise<'added' | 'duplicate'>,
  ): Promise<ExecutionResult> {
    const actions = branchesOf(order).flatMap(({ action }) => (action === undefined ? [] : [action]));
    const result = await this.database.session(async (session): Promise<ExecutionResult> => {
      // All statements go out at once. What one of them refuses is rolled back together with the others.
      const [begun, recorded, ...branches] = await Promise.allSettled([
        session.command('BEGIN'),
        record(session),
        ...actions.map((action, branch) =>
          this.participant.handler(action).apply(session, { gid: order.id, branch }, action),
        ),
      ]);
      if (begun.status === 'rejected') throw begun.reason;
      if (recorded.status === 'rejected') throw recorded.reason;
      const outcome =
        recorded.value === 'duplicate' ? ({ outcome: 'duplicate' } as const) : outcomeOf(branches);
      await session.command(outcome.outcome === 'committed' ? 'COMMIT' : 'ROLLBACK');
      return outcome;
    });
    if (result.outcome === 'committed') {
      for (const action of actions) this.participant.handler(action).changed?.(action);
    }
    return result;
  }
}

type BranchResult = PromiseSettledResult<Awaited<ReturnType<ReturnType<Participant['handler']>['apply']>>>;

function outcomeOf(branches: readonly BranchResult[]): ExecutionResult {
  for (const branch of branches) {
    if (branch.status === 'rejected') throw branch.reason;
    if (branch.value.result === 'refused') return { outcome: 'rejected', code: branch.value.code };
  }
  return { outcome: 'committed' };
}
