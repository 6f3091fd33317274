import {
  applyResultOf,
  type ApplyResult,
  type BranchAction,
  type BranchHandler,
  type BranchKey,
  type Change,
  type FenceState,
} from '#platform/participant/branch-handler.js';
import type { Sql, Statement } from '#platform/postgres/database.js';

type ConfirmOrder = Extract<BranchAction, { $case: 'confirmOrder' }>;
interface StatusRow {
  status: 'PENDING' | 'CONFIRMED' | 'REJECTED';
}

const confirm: Statement<StatusRow> = {
  name: 'order-confirm',
  text: `UPDATE orders.orders SET status = 'CONFIRMED' WHERE id = $1 AND status = 'PENDING' RETURNING status`,
};
const reject: Statement<StatusRow> = {
  name: 'order-cancel',
  text: `
    UPDATE orders.orders SET status = 'REJECTED', code = $2 WHERE id = $1 AND status = 'PENDING' RETURNING status`,
};
/** $1 gid, $2 branch. Only what 3PC's participant aborted alone is done after all. */
const redo: Statement<StatusRow> = {
  name: 'order-redo',
  text: `
    UPDATE orders.orders SET status = 'CONFIRMED', code = NULL
    WHERE id = $1 AND status = 'REJECTED'
      AND EXISTS (SELECT FROM orders.three_phase WHERE gid = $1 AND branch = $2 AND state = 'aborted')
    RETURNING status`,
};
const status: Statement<StatusRow> = {
  name: 'order-status',
  text: 'SELECT status FROM orders.orders WHERE id = $1',
};

/**
 * The branch that makes an order CONFIRMED, or REJECTED when its transaction is aborted. The order is its own fence, and
 * has nothing to reserve: TCC's try looks whether it is still PENDING.
 */
export const confirmOrder: BranchHandler<ConfirmOrder> = {
  schema: 'orders',

  async apply(sql: Sql, key: BranchKey): Promise<ApplyResult> {
    const [row] = await sql.run(confirm, [key.gid]);
    return row === undefined ? applyResultOf(await this.find(sql, key)) : { result: 'applied', fresh: true };
  },

  async try(sql: Sql, { gid }: BranchKey): Promise<ApplyResult> {
    const [row] = await sql.run(status, [gid]);
    return row?.status === 'PENDING' ? { result: 'applied', fresh: true } : applyResultOf(toFenceState(row));
  },

  async confirm(sql: Sql, key: BranchKey): Promise<Change> {
    const [row] = await sql.run(confirm, [key.gid]);
    return row === undefined ? unchanged(await this.find(sql, key)) : changed({ state: 'confirmed' });
  },

  async cancel(sql: Sql, key: BranchKey, code: string): Promise<Change> {
    const [row] = await sql.run(reject, [key.gid, code]);
    return row === undefined ? unchanged(await this.find(sql, key)) : changed({ state: 'cancelled' });
  },

  forbid(sql: Sql, key: BranchKey, code: string): Promise<Change> {
    return this.cancel(sql, key, code);
  },

  async redo(sql: Sql, { gid, branch }: BranchKey): Promise<ApplyResult> {
    const [row] = await sql.run(redo, [gid, branch]);
    return row === undefined
      ? applyResultOf(await this.find(sql, { gid, branch }))
      : { result: 'applied', fresh: true };
  },

  async find(sql: Sql, { gid }: BranchKey): Promise<FenceState | undefined> {
    const [row] = await sql.run(status, [gid]);
    return toFenceState(row);
  },
};

function toFenceState(row: StatusRow | undefined): FenceState | undefined {
  if (row?.status === 'CONFIRMED') return { state: 'applied' };
  return row?.status === 'REJECTED' ? { state: 'cancelled' } : undefined;
}

const changed = (fence: FenceState): Change => ({ fence, fresh: true });
const unchanged = (fence: FenceState | undefined): Change => ({ fence, fresh: false });
