import {
  applyResultOf,
  type ApplyResult,
  type BranchAction,
  type BranchHandler,
  type BranchKey,
  type FenceState,
} from '#platform/participant/branch-handler.js';
import { fenceState, findInFence, type FenceRow } from '#platform/participant/fence.js';
import type { Sql, Statement } from '#platform/postgres/database.js';

type DebitAccount = Extract<BranchAction, { $case: 'debitAccount' }>;

/** $1 gid, $2 branch, $3 account, $4 amount. No row comes back when the fence knew the branch before. */
const debit: Statement<FenceRow> = {
  name: 'account-debit',
  text: `
    WITH held AS MATERIALIZED (
      SELECT balance_minor FROM account.accounts WHERE id = $3 FOR UPDATE
    ), verdict AS (
      SELECT CASE
        WHEN NOT EXISTS (SELECT FROM held) THEN 'unknown-account'
        WHEN (SELECT balance_minor FROM held) < $4::bigint THEN 'insufficient-funds'
      END AS code
    ), fence AS (
      INSERT INTO account.fence (gid, branch, state, code)
      SELECT $1, $2, CASE WHEN code IS NULL THEN 'applied' ELSE 'refused' END, code FROM verdict
      ON CONFLICT DO NOTHING
      RETURNING state, code
    ), debited AS (
      UPDATE account.accounts SET balance_minor = balance_minor - $4::bigint
      WHERE id = $3 AND EXISTS (SELECT FROM fence WHERE state = 'applied')
      RETURNING id
    ), entry AS (
      INSERT INTO account.entries (gid, branch, kind, account_id, amount_minor)
      SELECT $1, $2, 'debit', id, $4::bigint FROM debited
    )
    SELECT state, code FROM fence`,
};

/** $1 gid, $2 branch, $3 account, $4 amount. */
const refund: Statement<never> = {
  name: 'account-refund',
  text: `
    WITH fence AS (
      INSERT INTO account.fence AS f (gid, branch, state) VALUES ($1, $2, 'cancelled')
      ON CONFLICT (gid, branch) DO UPDATE SET state = 'cancelled' WHERE f.state = 'applied'
      RETURNING old.state AS was
    ), refunded AS (
      UPDATE account.accounts SET balance_minor = balance_minor + $4::bigint
      WHERE id = $3 AND EXISTS (SELECT FROM fence WHERE was = 'applied')
      RETURNING id
    )
    INSERT INTO account.entries (gid, branch, kind, account_id, amount_minor)
    SELECT $1, $2, 'refund', id, $4::bigint FROM refunded`,
};

const find = findInFence('account');

/** The branch that takes an order's total from an account. */
export const debitAccount: BranchHandler<DebitAccount> = {
  async apply(sql: Sql, key: BranchKey, action: DebitAccount): Promise<ApplyResult> {
    const { accountId, amountMinor } = action.debitAccount;
    const [row] = await sql.run(debit, [key.gid, key.branch, accountId, amountMinor]);
    if (row === undefined) return applyResultOf(await this.find(sql, key));
    return row.state === 'applied'
      ? { result: 'applied', fresh: true }
      : { result: 'refused', code: row.code ?? 'insufficient-funds' };
  },

  async cancel(sql: Sql, key: BranchKey, action: DebitAccount): Promise<void> {
    const { accountId, amountMinor } = action.debitAccount;
    await sql.run(refund, [key.gid, key.branch, accountId, amountMinor]);
  },

  find: (sql: Sql, key: BranchKey): Promise<FenceState | undefined> => fenceState(sql, find, key),
};
