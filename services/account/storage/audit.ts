import { Book, type ListEntriesReply, type SummarizeReply } from '#generated/tristate/audit/v1/audit.js';
import {
  preparedLaw,
  readBuckets,
  readEntries,
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

export class AccountAudit implements AuditSource {
  constructor(private readonly database: Database) {}

  async summarize(): Promise<SummarizeReply> {
    const [[sums], buckets, prepared] = await Promise.all([
      this.database.run(totals, []),
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
    return {
      laws: [law, prepared],
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
