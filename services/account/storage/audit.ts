import { Book, type ListEntriesReply, type SummarizeReply } from '#generated/tristate/audit/v1/audit.js';
import {
  preparedLaw,
  readBuckets,
  readEntries,
  undecidedAfterSeconds,
  undecidedLaw,
  type AuditSource,
  type BookQuery,
} from '#platform/audit/audit.js';
import type { Database, Statement } from '#platform/postgres/database.js';

/** What transactions took from accounts and did not give back; a second debit of the same transaction shows. */
const moneyBook: BookQuery = {
  book: Book.MONEY,
  name: 'account-money',
  text: `
    SELECT gid, string_agg(account_id || ':' || amount_minor, ',' ORDER BY branch) AS content,
           sum(amount_minor)::bigint AS amount_minor
    FROM account.entries AS debit
    WHERE kind = 'debit' AND NOT EXISTS (
      SELECT FROM account.entries AS refund
      WHERE refund.gid = debit.gid AND refund.branch = debit.branch AND refund.kind = 'refund'
    )
    GROUP BY gid`,
};

const totals: Statement<{ opening: number; balances: number; taken: number }> = {
  name: 'account-totals',
  text: `
    SELECT coalesce(sum(opening_balance_minor), 0)::bigint AS opening, coalesce(sum(balance_minor), 0)::bigint AS balances,
           (SELECT coalesce(sum(amount_minor), 0)::bigint FROM (${moneyBook.text}) AS book) AS taken
    FROM account.accounts`,
};

const holds: Statement<{ accounts: number; wrong: number; forgotten: number }> = {
  name: 'account-holds-law',
  text: `
    WITH promised AS (
      SELECT account_id AS id, sum(amount_minor)::bigint AS amount_minor FROM account.holds GROUP BY account_id
    )
    SELECT count(*)::int AS accounts,
           count(*) FILTER (WHERE held_minor <> coalesce(promised.amount_minor, 0))::int AS wrong,
           (SELECT count(*)::int FROM account.holds
            WHERE at < now() - interval '${undecidedAfterSeconds} seconds') AS forgotten
    FROM account.accounts LEFT JOIN promised USING (id)`,
};

export class AccountAudit implements AuditSource {
  constructor(private readonly database: Database) {}

  async summarize(): Promise<SummarizeReply> {
    const [[sums], [held], buckets, prepared] = await Promise.all([
      this.database.run(totals, []),
      this.database.run(holds, []),
      readBuckets(this.database, moneyBook),
      preparedLaw(this.database),
    ]);
    const { opening = 0, balances = 0, taken = 0 } = sums ?? {};
    const law = {
      name: 'balances and entries add up to the opening balances',
      ok: balances + taken === opening,
      expected: String(opening),
      actual: String(balances + taken),
    };
    const { accounts = 0, wrong = 0, forgotten = 0 } = held ?? {};
    const holdsLaw = {
      name: 'what is held of each account is what its holds say',
      ok: wrong === 0,
      expected: `${accounts} accounts`,
      actual: wrong === 0 ? `${accounts} accounts` : `not for ${wrong} of them`,
    };
    return {
      laws: [law, holdsLaw, undecidedLaw('hold', forgotten), prepared],
      buckets,
      pendingGids: [],
      totals: [
        { name: 'opening', value: opening },
        { name: 'balances', value: balances },
        { name: 'taken', value: taken },
      ],
    };
  }

  listEntries(_book: Book, prefixes: readonly string[]): Promise<ListEntriesReply> {
    return readEntries(this.database, moneyBook, prefixes);
  }
}
