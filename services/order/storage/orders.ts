import type { Database, Sql, Statement } from '#platform/postgres/database.js';
import type {
  NewOrder,
  Order,
  OrderItem,
  OrderPage,
  Orders,
  OrderStatus,
  PricedItem,
} from '../domain/orders.js';

interface OrderRow {
  id: string;
  account_id: string;
  request_hash: string;
  protocol: string;
  status: OrderStatus;
  code: string | null;
  items: OrderItem[];
  total_minor: number | null;
  created_at: Date;
}

const insert: Statement<{ id: string }> = {
  name: 'order-insert',
  text: `
    INSERT INTO orders.orders (id, account_id, idempotency_key, request_hash, protocol, status, code, items, total_minor,
                               created_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
    ON CONFLICT (account_id, idempotency_key) DO NOTHING
    RETURNING id`,
};

const columns = 'id, account_id, request_hash, protocol, status, code, items, total_minor, created_at';
const byKey: Statement<OrderRow> = {
  name: 'order-by-key',
  text: `SELECT ${columns} FROM orders.orders WHERE account_id = $1 AND idempotency_key = $2`,
};
const byId: Statement<OrderRow> = {
  name: 'order-by-id',
  text: `SELECT ${columns} FROM orders.orders WHERE id = $1`,
};
const ofAccount: Statement<OrderRow> = {
  name: 'orders-of-account',
  text: `SELECT ${columns} FROM orders.orders WHERE account_id = $1 ORDER BY id DESC LIMIT $2 OFFSET $3`,
};
const countOfAccount: Statement<{ total: number }> = {
  name: 'orders-of-account-count',
  text: 'SELECT count(*)::int AS total FROM orders.orders WHERE account_id = $1',
};
const setPrices: Statement<never> = {
  name: 'order-set-prices',
  text: `
    UPDATE orders.orders SET items = $2, total_minor = $3
    WHERE id = $1 AND status = 'PENDING' AND total_minor IS NULL`,
};
const reject: Statement<never> = {
  name: 'order-reject',
  text: `UPDATE orders.orders SET status = 'REJECTED', code = $2 WHERE id = $1 AND status = 'PENDING'`,
};
/** A key that a client sends has no blanks, so that a released one can never be used again. */
const release: Statement<{ id: string }> = {
  name: 'order-release',
  text: `
    UPDATE orders.orders
    SET status = 'REJECTED', code = 'too-many-orders', idempotency_key = 'released ' || id
    WHERE id = $1 AND status = 'PENDING'
    RETURNING id`,
};
/** Without a protocol nobody promised to finish an order. What has no prices yet was not begun. */
const unfinished: Statement<OrderRow> = {
  name: 'orders-unfinished',
  text: `
    SELECT ${columns} FROM orders.orders
    WHERE status = 'PENDING' AND (protocol NOT IN ('none', 'best-effort') OR total_minor IS NULL)
      AND created_at < now() - $1 * interval '1 millisecond'
    ORDER BY id LIMIT $2`,
};

/** Records an order in whatever transaction `sql` is. */
export async function insertOrder(sql: Sql, order: NewOrder): Promise<'added' | 'duplicate'> {
  const rows = await sql.run(insert, [
    order.id,
    order.accountId,
    order.idempotencyKey,
    order.requestHash,
    order.protocol,
    order.status,
    order.code ?? null,
    JSON.stringify(order.items),
    order.totalMinor,
    order.createdAt,
  ]);
  return rows.length === 1 ? 'added' : 'duplicate';
}

/** Gives up an order for which nothing was done, and its idempotency key with it; false when it is not PENDING. */
export async function releaseOrder(sql: Sql, id: string): Promise<boolean> {
  return (await sql.run(release, [id])).length === 1;
}

/** Orders in PostgreSQL. */
export class PostgresOrders implements Orders {
  /** @param reads answers what a user asks of the own orders */
  constructor(
    private readonly database: Database,
    private readonly reads: Sql = database,
  ) {}

  add(order: NewOrder): Promise<'added' | 'duplicate'> {
    return insertOrder(this.database, order);
  }

  async byKey(accountId: string, key: string): Promise<{ order: Order; requestHash: string } | undefined> {
    const [row] = await this.database.run(byKey, [accountId, key]);
    return row === undefined ? undefined : { order: toOrder(row), requestHash: row.request_hash };
  }

  async byId(id: string): Promise<Order | undefined> {
    const [row] = await this.reads.run(byId, [id]);
    return row === undefined ? undefined : toOrder(row);
  }

  async ofAccount(accountId: string, page: number, pageSize: number): Promise<OrderPage> {
    const [rows, [count]] = await Promise.all([
      this.reads.run(ofAccount, [accountId, pageSize, (page - 1) * pageSize]),
      this.reads.run(countOfAccount, [accountId]),
    ]);
    return { items: rows.map(toOrder), total: count?.total ?? 0 };
  }

  async setPrices(id: string, items: readonly PricedItem[], totalMinor: number): Promise<void> {
    await this.database.run(setPrices, [id, JSON.stringify(items), totalMinor]);
  }

  async reject(id: string, code: string): Promise<void> {
    await this.database.run(reject, [id, code]);
  }

  async unfinished(olderThanMs: number, limit: number): Promise<Order[]> {
    return (await this.database.run(unfinished, [olderThanMs, limit])).map(toOrder);
  }
}

function toOrder(row: OrderRow): Order {
  return {
    id: row.id,
    accountId: row.account_id,
    status: row.status,
    protocol: row.protocol as Order['protocol'],
    items: row.items,
    totalMinor: row.total_minor,
    ...(row.code === null ? {} : { code: row.code }),
    createdAt: row.created_at.toISOString(),
  };
}
