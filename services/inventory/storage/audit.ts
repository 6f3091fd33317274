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

interface SkuRow {
  checked: number;
  wrong: string | null;
  sold: string | null;
  reserved: string | null;
  forgotten: number;
}

const wrongSkus: Statement<SkuRow> = {
  name: 'inventory-laws',
  text: `
    WITH moved AS (
      SELECT sku, sum(CASE kind WHEN 'taken' THEN quantity ELSE -quantity END)::int AS sold
      FROM inventory.movements GROUP BY sku
    ), aside AS (
      SELECT sku, sum(quantity)::int AS reserved FROM inventory.reservations GROUP BY sku
    )
    SELECT count(*)::int AS checked,
           string_agg(sku, ', ') FILTER (WHERE available + reserved + sold <> initial) AS wrong,
           string_agg(sku, ', ') FILTER (WHERE sold <> coalesce((SELECT moved.sold FROM moved WHERE moved.sku = product.sku), 0)) AS sold,
           string_agg(sku, ', ') FILTER (WHERE reserved <> coalesce((SELECT aside.reserved FROM aside WHERE aside.sku = product.sku), 0)) AS reserved,
           (SELECT count(DISTINCT gid)::int FROM inventory.reservations
            WHERE at < now() - interval '${undecidedAfterSeconds} seconds') AS forgotten
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
        law('what is reserved is what the reservations say', row?.reserved),
        undecidedLaw('reservation', row?.forgotten ?? 0),
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
