import type { BranchAction, BranchHandler, BranchKey } from '#platform/participant/branch-handler.js';
import { Fence, type FenceRow } from '#platform/participant/fence.js';
import type { Sql, Statement } from '#platform/postgres/database.js';

type DebitAccount = Extract<BranchAction, { $case: 'debitAccount' }>;

const ofBranch = 'gid = $1 AND branch = $2';

/** What was promised to other transactions is not available. */
const verdict = (unless: string): string => `
    available AS MATERIALIZED (
      SELECT balance_minor - held_minor AS amount_minor FROM account.accounts WHERE id = $3 AND ${unless} FOR UPDATE
    ), verdict AS (
      SELECT CASE
        WHEN NOT EXISTS (SELECT FROM available) THEN 'unknown-account'
        WHEN (SELECT amount_minor FROM available) < $4::bigint THEN 'insufficient-funds'
      END AS code
    )`;

/**
 * A branch that the fence knows locks no account: a message that is repeated while the branch is being cancelled would
 * wait for the cancel in a circle. No row comes back for it.
 */
const firstVerdict = (state: 'applied' | 'tried'): string => `
    ${verdict(`NOT EXISTS (SELECT FROM account.fence WHERE ${ofBranch})`)}, fence AS (
      INSERT INTO account.fence (gid, branch, state, code)
      SELECT $1, $2, CASE WHEN code IS NULL THEN '${state}' ELSE 'refused' END, code FROM verdict
      ON CONFLICT DO NOTHING
      RETURNING state, code
    )`;

const debited = `
    debited AS (
      UPDATE account.accounts SET balance_minor = balance_minor - $4::bigint
      WHERE id = $3 AND EXISTS (SELECT FROM fence WHERE state = 'applied')
      RETURNING id
    ), entry AS (
      INSERT INTO account.entries (gid, branch, kind, account_id, amount_minor)
      SELECT $1, $2, 'debit', id, $4::bigint FROM debited
    )`;

/** $1 gid, $2 branch, $3 account, $4 amount. */
const debit: Statement<FenceRow> = {
  name: 'account-debit',
  text: `WITH ${firstVerdict('applied')}, ${debited} SELECT state, code FROM fence`,
};

/** $1 gid, $2 branch, $3 account, $4 amount. */
const hold: Statement<FenceRow> = {
  name: 'account-hold',
  text: `
    WITH ${firstVerdict('tried')}, held AS (
      UPDATE account.accounts SET held_minor = held_minor + $4::bigint
      WHERE id = $3 AND EXISTS (SELECT FROM fence WHERE state = 'tried')
      RETURNING id
    ), hold AS (
      INSERT INTO account.holds (gid, branch, account_id, amount_minor) SELECT $1, $2, id, $4::bigint FROM held
    )
    SELECT state, code FROM fence`,
};

/** $1 gid, $2 branch, $3 account, $4 amount. Only what 3PC's participant aborted alone is done after all. */
const redo: Statement<FenceRow> = {
  name: 'account-redo',
  text: `
    WITH ${verdict('true')}, fence AS (
      UPDATE account.fence AS f SET state = 'applied' FROM verdict
      WHERE ${ofBranch} AND f.state = 'cancelled' AND verdict.code IS NULL
        AND EXISTS (SELECT FROM account.three_phase WHERE ${ofBranch} AND state = 'aborted')
      RETURNING f.state, f.code
    ), ${debited}
    SELECT state, code FROM fence UNION ALL SELECT 'refused', code FROM verdict WHERE code IS NOT NULL`,
};

const isHeld = `EXISTS (SELECT FROM account.holds WHERE ${ofBranch})`;

/** $1 gid, $2 branch. The fence is locked first, so that of a confirm and a cancel at once one finds nothing to do. */
const confirm: Statement<FenceRow> = {
  name: 'account-confirm',
  text: `
    WITH fence AS (
      UPDATE account.fence SET state = 'confirmed' WHERE ${ofBranch} AND state = 'tried' AND ${isHeld}
      RETURNING state, code
    ), hold AS (
      DELETE FROM account.holds WHERE ${ofBranch} AND EXISTS (SELECT FROM fence)
      RETURNING account_id, amount_minor
    ), debited AS (
      UPDATE account.accounts
      SET balance_minor = balance_minor - hold.amount_minor, held_minor = held_minor - hold.amount_minor
      FROM hold WHERE id = hold.account_id
    ), entry AS (
      INSERT INTO account.entries (gid, branch, kind, account_id, amount_minor)
      SELECT $1, $2, 'debit', account_id, amount_minor FROM hold
    )
    SELECT state, code FROM fence`,
};

const isDebited = `EXISTS (SELECT FROM account.entries WHERE ${ofBranch} AND kind = 'debit')`;

/** $1 gid, $2 branch. Gives back what was taken, or lets go of what was held. */
const cancel: Statement<FenceRow> = {
  name: 'account-cancel',
  text: `
    WITH fence AS (
      INSERT INTO account.fence AS f (gid, branch, state) VALUES ($1, $2, 'cancelled')
      ON CONFLICT (gid, branch) DO UPDATE SET state = 'cancelled'
      WHERE (f.state = 'applied' AND ${isDebited}) OR (f.state = 'tried' AND ${isHeld})
      RETURNING old.state AS was, new.state, new.code
    ), hold AS (
      DELETE FROM account.holds WHERE ${ofBranch} AND EXISTS (SELECT FROM fence WHERE was = 'tried')
      RETURNING account_id, amount_minor
    ), released AS (
      UPDATE account.accounts SET held_minor = held_minor - hold.amount_minor FROM hold WHERE id = hold.account_id
    ), refund AS (
      INSERT INTO account.entries (gid, branch, kind, account_id, amount_minor)
      SELECT gid, branch, 'refund', account_id, amount_minor FROM account.entries
      WHERE ${ofBranch} AND kind = 'debit' AND EXISTS (SELECT FROM fence WHERE was = 'applied')
      RETURNING account_id, amount_minor
    ), refunded AS (
      UPDATE account.accounts SET balance_minor = balance_minor + refund.amount_minor
      FROM refund WHERE id = refund.account_id
    )
    SELECT state, code FROM fence`,
};

const fence = new Fence('account');

/** The branch that takes an order's total from an account. */
export const debitAccount: BranchHandler<DebitAccount> = {
  schema: 'account',
  reservations: 'account.holds',
  apply: (sql, key, action) => fence.take(sql, key, debit, valuesOf(action)),
  try: (sql, key, action) => fence.take(sql, key, hold, valuesOf(action)),
  confirm: (sql: Sql, key: BranchKey) => fence.decide(sql, key, confirm, ['tried']),
  cancel: (sql: Sql, key: BranchKey) => fence.decide(sql, key, cancel, ['applied', 'tried']),
  forbid: (sql: Sql, key: BranchKey) => fence.forbid(sql, key),
  redo: (sql, key, action) => fence.take(sql, key, redo, valuesOf(action)),
  find: (sql: Sql, key: BranchKey) => fence.find(sql, key),
};

function valuesOf({ debitAccount: { accountId, amountMinor } }: DebitAccount): unknown[] {
  return [accountId, amountMinor];
}
