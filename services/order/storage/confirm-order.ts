import {
  applyResultOf,
  type ApplyResult,
  type BranchAction,
  type BranchHandler,
  type BranchKey,
  type FenceState,
} from '#platform/participant/branch-handler.js';
import type { Sql, Statement } from '#platform/postgres/database.js';

type ConfirmOrder = Extract<BranchAction, { $case: 'confirmOrder' }>;

const confirm: Statement<{ id: string }> = {
  name: 'order-confirm',
  text: `UPDATE orders.orders SET status = 'CONFIRMED' WHERE id = $1 AND status = 'PENDING' RETURNING id`,
};
const reject: Statement<never> = {
  name: 'order-cancel',
  text: `UPDATE orders.orders SET status = 'REJECTED', code = $2 WHERE id = $1 AND status = 'PENDING'`,
};
const status: Statement<{ status: 'PENDING' | 'CONFIRMED' | 'REJECTED' }> = {
  name: 'order-status',
  text: 'SELECT status FROM orders.orders WHERE id = $1',
};

/** The branch that makes an order CONFIRMED, or REJECTED when its transaction is aborted. The order is its own fence. */
export const confirmOrder: BranchHandler<ConfirmOrder> = {
  async apply(sql: Sql, key: BranchKey): Promise<ApplyResult> {
    const confirmed = await sql.run(confirm, [key.gid]);
    if (confirmed.length === 1) return { result: 'applied', fresh: true };
    return applyResultOf(await this.find(sql, key));
  },

  async cancel(sql: Sql, key: BranchKey, _action: ConfirmOrder, code: string): Promise<void> {
    await sql.run(reject, [key.gid, code]);
  },

  async find(sql: Sql, key: BranchKey): Promise<FenceState | undefined> {
    const [row] = await sql.run(status, [key.gid]);
    if (row?.status === 'CONFIRMED') return { state: 'applied' };
    return row?.status === 'REJECTED' ? { state: 'cancelled' } : undefined;
  },
};
