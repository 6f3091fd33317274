import type { Statement } from '#platform/postgres/database.js';
import { parseLsn } from '#platform/postgres/position.js';
import type { Searched } from '../domain/product-index.js';
import type { Seen } from '../domain/watermark.js';

/** With each product, or alone when there is none; a replica knows of no transactions that have not ended. */
interface AddedRow {
  readonly snapshot: string;
  readonly written: string | null;
  readonly flushed: string | null;
  readonly sku: string | null;
  readonly name: string | null;
}

/** $1: a pg_snapshot. The products that it does not show yet and the server does. */
export const addedProducts: Statement<AddedRow> = {
  name: 'search-added-products',
  text: `
    SELECT now.snapshot, now.written, now.flushed, added.sku, added.name
    FROM (
      SELECT pg_current_snapshot()::text AS snapshot,
             CASE WHEN NOT pg_is_in_recovery() THEN pg_current_wal_insert_lsn()::text END AS written,
             CASE WHEN NOT pg_is_in_recovery() THEN pg_current_wal_flush_lsn()::text END AS flushed
    ) AS now LEFT JOIN (
      SELECT sku, name FROM inventory.products
      WHERE added_by >= pg_snapshot_xmin($1::pg_snapshot) AND NOT pg_visible_in_snapshot(added_by, $1::pg_snapshot)
    ) AS added ON true`,
};

export function productsIn(rows: readonly AddedRow[]): Searched[] {
  return rows.flatMap(({ sku, name }) => (sku === null || name === null ? [] : [{ sku, name }]));
}

/** Undefined of a replica: who reads there has to read the same once more. */
export function seenIn([row]: readonly AddedRow[]): Seen | undefined {
  if (row === undefined || row.written === null || row.flushed === null) return undefined;
  return { snapshot: row.snapshot, written: parseLsn(row.written), flushed: parseLsn(row.flushed) };
}
