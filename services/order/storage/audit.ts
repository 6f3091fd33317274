import { Book, type ListEntriesReply, type SummarizeReply } from '#generated/tristate/audit/v1/audit.js';
import {
  mergeBuckets,
  preparedLaw,
  readBuckets,
  readEntries,
  type AuditSource,
  type BookQuery,
} from '#platform/audit/audit.js';
import type { Sql, Statement } from '#platform/postgres/database.js';

/** What confirmed orders took from accounts. */
const moneyBook: BookQuery = {
  book: Book.MONEY,
  name: 'order-money',
  text: `
    SELECT id AS gid, account_id || ':' || total_minor AS content, total_minor AS amount_minor
    FROM orders.orders WHERE status = 'CONFIRMED'`,
};

/** What confirmed orders took out of stock. */
const stockBook: BookQuery = {
  book: Book.STOCK,
  name: 'order-stock',
  text: `
    SELECT id AS gid, 0::bigint AS amount_minor,
           (SELECT string_agg((item ->> 'sku') || '*' || (item ->> 'quantity'), ',' ORDER BY (item ->> 'sku') COLLATE "C")
            FROM jsonb_array_elements(items) AS item) AS content
    FROM orders.orders WHERE status = 'CONFIRMED'`,
};

const mostPending = 10_000;
const pending: Statement<{ id: string; lost: boolean }> = {
  name: 'order-pending',
  text: `
    SELECT id::text, created_at < now() - interval '30 seconds' AS lost FROM orders.orders
    WHERE status = 'PENDING' ORDER BY id LIMIT ${mostPending}`,
};

const confirmed: Statement<{ total: number }> = {
  name: 'order-confirmed-total',
  text: `SELECT coalesce(sum(total_minor), 0)::bigint AS total FROM orders.orders WHERE status = 'CONFIRMED'`,
};

/** The books of all orders, in whichever shard they are. */
export class OrderAudit implements AuditSource {
  private readonly shards: readonly Sql[];

  constructor(...shards: readonly Sql[]) {
    this.shards = shards;
  }

  async summarize(): Promise<SummarizeReply> {
    const [open, money, stock, sums, prepared] = await Promise.all([
      this.ofAll((shard) => shard.run(pending, [])),
      this.ofAll((shard) => readBuckets(shard, moneyBook)),
      this.ofAll((shard) => readBuckets(shard, stockBook)),
      this.ofAll((shard) => shard.run(confirmed, [])),
      preparedLaw(...this.shards),
    ]);
    const lost = open.filter((order) => order.lost).map(({ id }) => id);
    const law = {
      name: 'no order is PENDING for more than 30 s',
      ok: lost.length === 0,
      expected: '0',
      actual: lost.length === 0 ? '0' : `${lost.length}: ${lost.slice(0, 5).join(', ')}`,
    };
    return {
      laws: [law, prepared],
      buckets: mergeBuckets([...money, ...stock]),
      pendingGids: open.map(({ id }) => id),
      totals: [{ name: 'confirmed', value: sums.reduce((sum, { total }) => sum + total, 0) }],
    };
  }

  async listEntries(book: Book, prefixes: readonly string[]): Promise<ListEntriesReply> {
    const query = book === Book.STOCK ? stockBook : moneyBook;
    const found = await this.ofAll(async (shard) => (await readEntries(shard, query, prefixes)).entries);
    return { entries: found };
  }

  private async ofAll<Row>(read: (shard: Sql) => Promise<Row[]>): Promise<Row[]> {
    return (await Promise.all(this.shards.map(read))).flat();
  }
}
