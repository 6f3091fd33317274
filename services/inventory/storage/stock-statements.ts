import type { FenceRow } from '#platform/participant/fence.js';
import type { Statement } from '#platform/postgres/database.js';

/**
 * The statements of the branch that takes items out of stock. Rows are locked in the order of their skus, so that orders
 * for the same products never wait for each other in a circle.
 *
 * Of those that do the work: $1 gid, $2 branch, $3 skus, $4 quantities, $5 quoted prices.
 */

const ofBranch = 'gid = $1 AND branch = $2';

const verdict = (unless: string): string => `
    wanted AS (
      SELECT * FROM unnest($3::text[], $4::int[], $5::bigint[]) AS wanted (sku, quantity, price_minor)
    ), held AS MATERIALIZED (
      SELECT product.available, product.price_minor, wanted.quantity, wanted.price_minor AS quoted
      FROM inventory.products AS product JOIN wanted USING (sku)
      WHERE ${unless}
      ORDER BY product.sku FOR UPDATE OF product
    ), verdict AS (
      SELECT CASE
        WHEN count(*) < cardinality($3::text[]) THEN 'unknown-sku'
        WHEN NOT bool_and(price_minor = quoted) THEN 'price-changed'
        WHEN NOT bool_and(available >= quantity) THEN 'out-of-stock'
      END AS code
      FROM held
    )`;

/**
 * A branch that the fence knows locks no product: a message that is repeated while the branch is being cancelled would
 * wait for the cancel in a circle. No row comes back for it.
 */
const firstVerdict = (state: 'applied' | 'tried'): string => `
    ${verdict(`NOT EXISTS (SELECT FROM inventory.fence WHERE ${ofBranch})`)}, fence AS (
      INSERT INTO inventory.fence (gid, branch, state, code)
      SELECT $1, $2, CASE WHEN code IS NULL THEN '${state}' ELSE 'refused' END, code FROM verdict
      ON CONFLICT DO NOTHING
      RETURNING state, code
    )`;

const taken = `
    taken AS (
      UPDATE inventory.products AS product
      SET available = product.available - wanted.quantity, sold = product.sold + wanted.quantity
      FROM unnest($3::text[], $4::int[]) AS wanted (sku, quantity)
      WHERE product.sku = wanted.sku AND EXISTS (SELECT FROM fence WHERE state = 'applied')
    ), movement AS (
      INSERT INTO inventory.movements (gid, branch, kind, sku, quantity)
      SELECT $1, $2, 'taken', sku, quantity FROM wanted
      WHERE EXISTS (SELECT FROM fence WHERE state = 'applied')
    )`;

export const take: Statement<FenceRow> = {
  name: 'inventory-reserve',
  text: `WITH ${firstVerdict('applied')}, ${taken} SELECT state, code FROM fence`,
};

export const putAside: Statement<FenceRow> = {
  name: 'inventory-put-aside',
  text: `
    WITH ${firstVerdict('tried')}, aside AS (
      UPDATE inventory.products AS product
      SET available = product.available - wanted.quantity, reserved = product.reserved + wanted.quantity
      FROM unnest($3::text[], $4::int[]) AS wanted (sku, quantity)
      WHERE product.sku = wanted.sku AND EXISTS (SELECT FROM fence WHERE state = 'tried')
    ), reservation AS (
      INSERT INTO inventory.reservations (gid, branch, sku, quantity)
      SELECT $1, $2, sku, quantity FROM wanted
      WHERE EXISTS (SELECT FROM fence WHERE state = 'tried')
    )
    SELECT state, code FROM fence`,
};

/** Only what 3PC's participant aborted alone is done after all. */
export const redo: Statement<FenceRow> = {
  name: 'inventory-redo',
  text: `
    WITH ${verdict('true')}, fence AS (
      UPDATE inventory.fence AS f SET state = 'applied' FROM verdict
      WHERE ${ofBranch} AND f.state = 'cancelled' AND verdict.code IS NULL
        AND EXISTS (SELECT FROM inventory.three_phase WHERE ${ofBranch} AND state = 'aborted')
      RETURNING f.state, f.code
    ), ${taken}
    SELECT state, code FROM fence UNION ALL SELECT 'refused', code FROM verdict WHERE code IS NOT NULL`,
};

const isReserved = `EXISTS (SELECT FROM inventory.reservations WHERE ${ofBranch})`;
const isTaken = `EXISTS (SELECT FROM inventory.movements WHERE ${ofBranch} AND kind = 'taken')`;

/** Locks the products of a CTE with skus, in order. Counting the rows is what makes them be locked first. */
const lockedOf = (cte: string): string => `
    locked AS MATERIALIZED (
      SELECT FROM inventory.products WHERE sku IN (SELECT sku FROM ${cte}) ORDER BY sku FOR UPDATE
    )`;

/** $1 gid, $2 branch. The fence is locked first, so that of a confirm and a cancel at once one finds nothing to do. */
export const confirm: Statement<FenceRow> = {
  name: 'inventory-confirm',
  text: `
    WITH fence AS (
      UPDATE inventory.fence SET state = 'confirmed' WHERE ${ofBranch} AND state = 'tried' AND ${isReserved}
      RETURNING state, code
    ), reservation AS (
      DELETE FROM inventory.reservations WHERE ${ofBranch} AND EXISTS (SELECT FROM fence)
      RETURNING sku, quantity
    ), ${lockedOf('reservation')}, sold AS (
      UPDATE inventory.products AS product
      SET reserved = product.reserved - reservation.quantity, sold = product.sold + reservation.quantity
      FROM reservation WHERE product.sku = reservation.sku AND (SELECT count(*) FROM locked) >= 0
    ), movement AS (
      INSERT INTO inventory.movements (gid, branch, kind, sku, quantity)
      SELECT $1, $2, 'taken', sku, quantity FROM reservation
    )
    SELECT state, code FROM fence`,
};

/** $1 gid, $2 branch. Returns what was taken, or lets go of what was put aside. */
export const cancel: Statement<FenceRow> = {
  name: 'inventory-cancel',
  text: `
    WITH fence AS (
      INSERT INTO inventory.fence AS f (gid, branch, state) VALUES ($1, $2, 'cancelled')
      ON CONFLICT (gid, branch) DO UPDATE SET state = 'cancelled'
      WHERE (f.state = 'applied' AND ${isTaken}) OR (f.state = 'tried' AND ${isReserved})
      RETURNING old.state AS was, new.state, new.code
    ), reservation AS (
      DELETE FROM inventory.reservations WHERE ${ofBranch} AND EXISTS (SELECT FROM fence WHERE was = 'tried')
      RETURNING sku, quantity
    ), movement AS (
      INSERT INTO inventory.movements (gid, branch, kind, sku, quantity)
      SELECT gid, branch, 'returned', sku, quantity FROM inventory.movements
      WHERE ${ofBranch} AND kind = 'taken' AND EXISTS (SELECT FROM fence WHERE was = 'applied')
      RETURNING sku, quantity
    ), undone AS (
      SELECT sku, quantity, quantity AS reserved, 0 AS sold FROM reservation
      UNION ALL SELECT sku, quantity, 0, quantity FROM movement
    ), ${lockedOf('undone')}, returned AS (
      UPDATE inventory.products AS product
      SET available = product.available + undone.quantity, reserved = product.reserved - undone.reserved,
          sold = product.sold - undone.sold
      FROM undone WHERE product.sku = undone.sku AND (SELECT count(*) FROM locked) >= 0
    )
    SELECT state, code FROM fence`,
};
