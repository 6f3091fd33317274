import type { PriceSource } from '#platform/catalogue/price-source.js';
import { hasSqlState, sqlState, type Sql, type Statement } from '#platform/postgres/database.js';
import type { Product, ProductPage, ProductQuery, Products } from '../domain/products.js';

export interface ProductRow {
  sku: string;
  name: string;
  price_minor: number;
  available: number;
}

const columns = 'sku, name, price_minor, available';

export const bySku: Statement<ProductRow> = {
  name: 'product-by-sku',
  text: `SELECT ${columns} FROM inventory.products WHERE sku = $1`,
};

/** $1 pattern, $2 limit, $3 offset. The total comes with each row, or alone when the page is past the end. */
const search: Statement<ProductRow & { total: number }> = {
  name: 'product-search',
  text: `
    WITH found AS MATERIALIZED (
      SELECT ${columns} FROM inventory.products WHERE name ILIKE $1 OR sku ILIKE $1
    )
    SELECT page.*, (SELECT count(*) FROM found)::int AS total
    FROM (SELECT 1) AS always LEFT JOIN (SELECT * FROM found ORDER BY sku LIMIT $2 OFFSET $3) AS page ON true`,
};

const insert: Statement<never> = {
  name: 'product-insert',
  text: `
    INSERT INTO inventory.products (sku, name, price_minor, initial, available) VALUES ($1, $2, $3, $4, $4)`,
};

const prices: Statement<{ sku: string; price_minor: number }> = {
  name: 'product-prices',
  text: 'SELECT sku, price_minor FROM inventory.products WHERE sku = ANY ($1)',
};

/** Products in PostgreSQL. */
export class PostgresProducts implements Products, PriceSource {
  /** @param reads where a request's consistency level lets it read; the primary where there is but one server */
  constructor(
    private readonly reads: Sql,
    private readonly primary: Sql,
  ) {}

  async bySku(sku: string): Promise<Product | undefined> {
    const [row] = await this.reads.run(bySku, [sku]);
    return row === undefined ? undefined : toProduct(row);
  }

  async search({ query, page, pageSize }: ProductQuery): Promise<ProductPage> {
    const rows = await this.reads.run(search, [containing(query), pageSize, (page - 1) * pageSize]);
    // Past the last page the only row carries the total and no product.
    const items = rows.filter((row) => (row.sku as string | null) !== null).map(toProduct);
    return { items, total: rows[0]?.total ?? 0 };
  }

  async add({ sku, name, priceMinor, available }: Product): Promise<'added' | 'sku-taken'> {
    try {
      await this.primary.run(insert, [sku, name, priceMinor, available]);
      return 'added';
    } catch (error) {
      if (hasSqlState(error, sqlState.uniqueViolation)) return 'sku-taken';
      throw error;
    }
  }

  async quote(skus: readonly string[]): Promise<ReadonlyMap<string, number>> {
    const rows = await this.reads.run(prices, [skus]);
    return new Map(rows.map((row) => [row.sku, row.price_minor]));
  }
}

export function toProduct(row: ProductRow): Product {
  return { sku: row.sku, name: row.name, priceMinor: row.price_minor, available: row.available };
}

/** What the user typed is text, not a pattern. */
function containing(text: string): string {
  return `%${text.replaceAll(/[\\%_]/g, '\\$&')}%`;
}
