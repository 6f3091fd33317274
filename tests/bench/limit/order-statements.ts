import type { Logger } from '#platform/logging/logger.js';
import type { Metrics } from '#platform/metrics/metrics.js';
import type { BranchAction, BranchHandler } from '#platform/participant/branch-handler.js';
import type { Transaction } from '#platform/runtime/transaction-runtime.js';
import type { LogRecord } from '#protocols/commit/messages.js';
import { debitAccount } from '#services/account/storage/debit-account.js';
import { GroupCommitLog } from '#services/coordinator/storage/transaction-log.js';
import { reserveStock } from '#services/inventory/storage/reserve-stock.js';
import { branchesOf } from '#services/order/domain/branches.js';
import type { PricedOrder } from '#services/order/domain/order-execution.js';
import { confirmOrder } from '#services/order/storage/confirm-order.js';
import { insertOrder } from '#services/order/storage/orders.js';
import { RecordingSql, type RecordedStatement } from './recording-sql.js';

/** Every statement of one order that is confirmed, as the services themselves would send it. */
export interface OrderStatements {
  readonly insert: RecordedStatement;
  readonly reserve: RecordedStatement;
  readonly debit: RecordedStatement;
  readonly confirm: RecordedStatement;
  /** What the coordinator writes at once. */
  readonly log: (...kinds: LogRecord['kind'][]) => Promise<RecordedStatement>;
}

/** Takes the statements out of the services' own code by running it against a recorder. */
export async function recordOrder(order: PricedOrder): Promise<OrderStatements> {
  const branches = branchesOf(order);
  const handlers = {
    reserveStock: reserveStock(() => undefined),
    debitAccount,
    confirmOrder,
  } as Record<BranchAction['$case'], BranchHandler>;
  const applied = await Promise.all(
    branches.map(({ action }, branch) =>
      recordOne(async (sql) => {
        if (action !== undefined) await handlers[action.$case].apply(sql, { gid: order.id, branch }, action);
      }),
    ),
  );
  const [reserve, debit, confirm] = applied;
  if (reserve === undefined || debit === undefined || confirm === undefined) {
    throw new Error('An order has three branches: stock, money, and the order itself');
  }
  const transaction: Transaction = {
    gid: order.id,
    protocol: order.protocol === '2pc' ? '2pc' : 'saga',
    branches,
  };
  return {
    insert: await recordOne((sql) => insertOrder(sql, order)),
    reserve,
    debit,
    confirm,
    log: (...kinds) => recordOne((sql) => writeLog(sql, transaction, kinds)),
  };
}

async function recordOne(work: (sql: RecordingSql) => Promise<unknown>): Promise<RecordedStatement> {
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
  kinds: readonly LogRecord['kind'][],
): Promise<void> {
  const counter = { inc: () => undefined };
  const metrics = { logRecords: counter, logWrites: counter } as unknown as Metrics;
  const log = new GroupCommitLog(sql, metrics, { error: () => undefined } as unknown as Logger);
  await Promise.all(
    kinds.map((kind, index) => {
      const record: LogRecord = kind === 'abort' ? { kind, code: '' } : { kind };
      return log.append(transaction, record, index === kinds.length - 1);
    }),
  );
}
