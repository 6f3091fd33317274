import type { BranchAction, BranchHandler, BranchKey } from '#platform/participant/branch-handler.js';
import { Fence } from '#platform/participant/fence.js';
import type { Sql } from '#platform/postgres/database.js';
import { cancel, confirm, putAside, redo, take } from './stock-statements.js';

export type ReserveStock = Extract<BranchAction, { $case: 'reserveStock' }>;

const fence = new Fence('inventory');

/** The branch that takes an order's items out of stock, all or none. `changed` hears of the skus that moved. */
export function reserveStock(changed: (skus: readonly string[]) => void): BranchHandler<ReserveStock> {
  return {
    schema: 'inventory',
    reservations: 'inventory.reservations',
    apply: (sql, key, action) => fence.take(sql, key, take, valuesOf(action)),
    try: (sql, key, action) => fence.take(sql, key, putAside, valuesOf(action)),
    confirm: (sql: Sql, key: BranchKey) => fence.decide(sql, key, confirm, ['tried']),
    cancel: (sql: Sql, key: BranchKey) => fence.decide(sql, key, cancel, ['applied', 'tried']),
    forbid: (sql: Sql, key: BranchKey) => fence.forbid(sql, key),
    redo: (sql, key, action) => fence.take(sql, key, redo, valuesOf(action)),
    find: (sql: Sql, key: BranchKey) => fence.find(sql, key),
    changed: (action) => changed(action.reserveStock.items.map(({ sku }) => sku)),
  };
}

function valuesOf({ reserveStock: { items } }: ReserveStock): unknown[] {
  return [
    items.map(({ sku }) => sku),
    items.map(({ quantity }) => quantity),
    items.map(({ priceMinor }) => priceMinor),
  ];
}
