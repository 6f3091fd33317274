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

export type ReserveStock = Extract<BranchAction, { $case: 'reserveStock' }>;

/**
 * $1 gid, $2 branch, $3 skus, $4 quantities, $5 quoted prices. Rows are locked in the order of their skus, so that
 * orders for the same products never wait for each other in a circle. No row comes back when the fence knew the
 * branch before.
 */
const reserve: Statement<FenceRow> = {
  name: 'inventory-reserve',
  text: `
    WITH wanted AS (
      SELECT * FROM unnest($3::text[], $4::int[], $5::bigint[]) AS wanted (sku, quantity, price_minor)
    ), held AS MATERIALIZED (
      SELECT product.available, product.price_minor, wanted.quantity, wanted.price_minor AS quoted
      FROM inventory.products AS product JOIN wanted USING (sku)
      ORDER BY product.sku FOR UPDATE OF product
    ), verdict AS (
      SELECT CASE
        WHEN count(*) < cardinality($3::text[]) THEN 'unknown-sku'
        WHEN NOT bool_and(price_minor = quoted) THEN 'price-changed'
        WHEN NOT bool_and(available >= quantity) THEN 'out-of-stock'
      END AS code
      FROM held
    ), fence AS (
      INSERT INTO inventory.fence (gid, branch, state, code)
      SELECT $1, $2, CASE WHEN code IS NULL THEN 'applied' ELSE 'refused' END, code FROM verdict
      ON CONFLICT DO NOTHING
      RETURNING state, code
    ), taken AS (
      UPDATE inventory.products AS product
      SET available = product.available - wanted.quantity, sold = product.sold + wanted.quantity
      FROM unnest($3::text[], $4::int[]) AS wanted (sku, quantity)
      WHERE product.sku = wanted.sku AND EXISTS (SELECT FROM fence WHERE state = 'applied')
    ), movement AS (
      INSERT INTO inventory.movements (gid, branch, kind, sku, quantity)
      SELECT $1, $2, 'taken', sku, quantity FROM wanted
      WHERE EXISTS (SELECT FROM fence WHERE state = 'applied')
    )
    SELECT state, code FROM fence`,
};

/** $1 gid, $2 branch, $3 skus, $4 quantities. Counting the held rows is what makes them be locked first. */
const release: Statement<never> = {
  name: 'inventory-release',
  text: `
    WITH fence AS (
      INSERT INTO inventory.fence AS f (gid, branch, state) VALUES ($1, $2, 'cancelled')
      ON CONFLICT (gid, branch) DO UPDATE SET state = 'cancelled' WHERE f.state = 'applied'
      RETURNING old.state AS was
    ), held AS MATERIALIZED (
      SELECT FROM inventory.products WHERE sku = ANY ($3::text[]) ORDER BY sku FOR UPDATE
    ), returned AS (
      UPDATE inventory.products AS product
      SET available = product.available + wanted.quantity, sold = product.sold - wanted.quantity
      FROM unnest($3::text[], $4::int[]) AS wanted (sku, quantity)
      WHERE product.sku = wanted.sku AND (SELECT count(*) FROM held) >= 0
        AND EXISTS (SELECT FROM fence WHERE was = 'applied')
      RETURNING product.sku, wanted.quantity
    )
    INSERT INTO inventory.movements (gid, branch, kind, sku, quantity)
    SELECT $1, $2, 'returned', sku, quantity FROM returned`,
};

const find = findInFence('inventory');

/** The branch that takes an order's items out of stock, all or none. `changed` hears of the skus that moved. */
export function reserveStock(changed: (skus: readonly string[]) => void): BranchHandler<ReserveStock> {
  return {
    async apply(sql: Sql, key: BranchKey, action: ReserveStock): Promise<ApplyResult> {
      const { items } = action.reserveStock;
      const [row] = await sql.run(reserve, [
        key.gid,
        key.branch,
        items.map(({ sku }) => sku),
        items.map(({ quantity }) => quantity),
        items.map(({ priceMinor }) => priceMinor),
      ]);
      if (row === undefined) return applyResultOf(await this.find(sql, key));
      return row.state === 'applied'
        ? { result: 'applied', fresh: true }
        : { result: 'refused', code: row.code ?? 'out-of-stock' };
    },

    async cancel(sql: Sql, key: BranchKey, action: ReserveStock): Promise<void> {
      const { items } = action.reserveStock;
      await sql.run(release, [
        key.gid,
        key.branch,
        items.map(({ sku }) => sku),
        items.map(({ quantity }) => quantity),
      ]);
    },

    find: (sql: Sql, key: BranchKey): Promise<FenceState | undefined> => fenceState(sql, find, key),

    changed: (action: ReserveStock): void => changed(action.reserveStock.items.map(({ sku }) => sku)),
  };
}
