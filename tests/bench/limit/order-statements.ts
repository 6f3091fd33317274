import type { Logger } from '#platform/logging/logger.js';
import type { Metrics } from '#platform/metrics/metrics.js';
import type { BranchAction, BranchHandler, BranchKey } from '#platform/participant/branch-handler.js';
import { threePhaseName } from '#platform/participant/three-phase-branches.js';
import { ThreePhaseMarkers } from '#platform/participant/three-phase-markers.js';
import type { Transaction } from '#platform/runtime/transaction-runtime.js';
import type { LogRecord } from '#protocols/commit/messages.js';
import { debitAccount } from '#services/account/storage/debit-account.js';
import { GroupCommitLog } from '#services/coordinator/storage/transaction-log.js';
import { reserveStock } from '#services/inventory/storage/reserve-stock.js';
import { branchesOf } from '#services/order/domain/branches.js';
import type { PricedOrder } from '#services/order/domain/order-execution.js';
import { isCoordinated } from '#services/order/domain/orders.js';
import { confirmOrder } from '#services/order/storage/confirm-order.js';
import { insertOrder } from '#services/order/storage/orders.js';
import { RecordingSql, type RecordedStatement } from './recording-sql.js';

/** Records of an order that does not diverge. */
type LoggedKind = Exclude<LogRecord['kind'], 'diverged'>;

/** The statements of one branch, each for the step of the same name. */
export interface BranchStatements {
  readonly apply: RecordedStatement;
  readonly try: RecordedStatement;
  readonly confirm: RecordedStatement;
  readonly preCommit: RecordedStatement;
}

/** Every statement of one order that is confirmed, as the services themselves would send it. */
export interface OrderStatements {
  readonly insert: RecordedStatement;
  /** In the order of the saga. */
  readonly branches: readonly BranchStatements[];
  /** What the coordinator writes at once. */
  readonly log: (...kinds: LoggedKind[]) => Promise<RecordedStatement>;
}

/** Takes the statements out of the services' own code by running it against a recorder. */
export async function recordOrder(order: PricedOrder): Promise<OrderStatements> {
  const branches = branchesOf(order);
  const handlers = {
    reserveStock: reserveStock(() => undefined),
    debitAccount,
    confirmOrder,
  } as Record<BranchAction['$case'], BranchHandler>;
  const protocol = isCoordinated(order.protocol) ? order.protocol : 'saga';
  const transaction: Transaction = { gid: order.id, protocol, branches, correlationId: order.id };
  return {
    insert: await recordOne((sql) => insertOrder(sql, order)),
    branches: await Promise.all(
      branches.flatMap(({ action }, branch) =>
        action === undefined ? [] : recordBranch(handlers[action.$case], { gid: order.id, branch }, action),
      ),
    ),
    log: (...kinds) => recordOne((sql) => writeLog(sql, transaction, kinds)),
  };
}

async function recordBranch(
  handler: BranchHandler,
  key: BranchKey,
  action: BranchAction,
): Promise<BranchStatements> {
  const markers = new ThreePhaseMarkers(handler.schema);
  return {
    apply: await recordOne((sql) => handler.apply(sql, key, action)),
    try: await recordOne((sql) => handler.try(sql, key, action)),
    confirm: await recordOne((sql) => handler.confirm(sql, key)),
    preCommit: await recordOne((sql) => markers.mark(sql, key, threePhaseName(key), 'pre-committed')),
  };
}

/** What `work` sends, which must be one statement. */
export async function recordOne(work: (sql: RecordingSql) => Promise<unknown>): Promise<RecordedStatement> {
  const sql = new RecordingSql();
  await work(sql);
  const [statement, ...more] = sql.statements;
  if (statement === undefined || more.length > 0) throw new Error('A step of an order is one statement');
  return statement;
}

/** All but the last record wait for the last one, which is forced: they are written together. */
async function writeLog(
  sql: RecordingSql,
  transaction: Transaction,
  kinds: readonly LoggedKind[],
): Promise<void> {
  const counter = { inc: () => undefined };
  const metrics = { logRecords: counter, logWrites: counter } as unknown as Metrics;
  const log = new GroupCommitLog({
    sql,
    term: 0,
    fenced: () => undefined,
    metrics,
    logger: { error: () => undefined } as unknown as Logger,
  });
  await Promise.all(
    kinds.map((kind, index) => {
      const record: LogRecord = kind === 'abort' ? { kind, code: '' } : { kind };
      return log.append(transaction, record, index === kinds.length - 1);
    }),
  );
}
