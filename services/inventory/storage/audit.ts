import { Book, type ListEntriesReply, type SummarizeReply } from '#generated/tristate/audit/v1/audit.js';
import {
  preparedLaw,
  readBuckets,
  readEntries,
  type AuditSource,
  type BookQuery,
} from '#platform/audit/audit.js';
import type { Database, Statement } from '#platform/postgres/database.js';

/** What transactions took out of stock and did not return. */
const stockBook: BookQuery = {
  book: Book.STOCK,
  name: 'inventory-stock',
  text: `
    SELECT gid, string_agg(sku || '*' || quantity, ',' ORDER BY sku COLLATE "C") AS content, 0::bigint AS amount_minor
    FROM inventory.movements AS taken
    WHERE kind = 'taken' AND NOT EXISTS (
      SELECT FROM inventory.movements AS returned
      WHERE returned.gid = taken.gid AND returned.branch = taken.branch AND returned.kind = 'returned'
        AND returned.sku = taken.sku
    )
    GROUP BY gid`,
};

const wrongSkus: Statement<{ checked: number; wrong: string | null; sold: string | null }> = {
  name: 'inventory-laws',
  text: `
    WITH moved AS (
      SELECT sku, sum(CASE kind WHEN 'taken' THEN quantity ELSE -quantity END)::int AS sold
      FROM inventory.movements GROUP BY sku
    )
    SELECT count(*)::int AS checked,
           string_agg(sku, ', ') FILTER (WHERE available + reserved + sold <> initial) AS wrong,
           string_agg(sku, ', ') FILTER (WHERE sold <> coalesce((SELECT moved.sold FROM moved WHERE moved.sku = product.sku), 0)) AS sold
    FROM inventory.products AS product`,
};

export class InventoryAudit implements AuditSource {
  constructor(private readonly database: Database) {}

  async summarize(): Promise<SummarizeReply> {
    const [[row], buckets, prepared] = await Promise.all([
      this.database.run(wrongSkus, []),
      readBuckets(this.database, stockBook),
      preparedLaw(this.database),
    ]);
    const all = `${row?.checked ?? 0} skus`;
    const law = (name: string, wrong: string | null | undefined): SummarizeReply['laws'][number] => ({
      name,
      ok: (wrong ?? null) === null,
      expected: all,
      actual: (wrong ?? null) === null ? all : `not for ${wrong ?? ''}`,
    });
    return {
      laws: [
        law('available, reserved and sold add up to the initial stock', row?.wrong),
        law('what is sold is what the movements say', row?.sold),
        prepared,
      ],
      buckets,
      pendingGids: [],
      totals: [],
    };
  }

  listEntries(_book: Book, prefixes: readonly string[]): Promise<ListEntriesReply> {
    return readEntries(this.database, stockBook, prefixes);
  }
}
