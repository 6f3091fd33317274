import type { Product } from '#platform/catalogue/products.js';
import type { Reads } from '#platform/consistency/reads.js';
import { Problem } from '#platform/errors/problem.js';
import { outsideOfRequests } from '#platform/logging/correlation.js';
import type { Statement } from '#platform/postgres/database.js';
import type { StoredProducts } from '../domain/search-products.js';

const bySkus: Statement<Product> = {
  name: 'search-products-by-skus',
  text: `
    SELECT sku, name, price_minor AS "priceMinor", available FROM inventory.products WHERE sku = ANY ($1)`,
};

/** What is shown of the products that were found, by their primary key. */
export class PostgresProducts implements StoredProducts {
  constructor(private readonly reads: Reads) {}

  async bySkus(skus: readonly string[]): Promise<ReadonlyMap<string, Product>> {
    const found = bySku(await this.reads.run(bySkus, [skus]));
    const missing = skus.filter((sku) => !found.has(sku));
    if (missing.length === 0) return found;
    return new Map([...found, ...(await this.latest(missing))]);
  }

  /** The index follows the primary: it may know of a product before the replica does that has answered. */
  private async latest(skus: readonly string[]): Promise<ReadonlyMap<string, Product>> {
    try {
      const { rows, atMost } = await outsideOfRequests(() => this.reads.runPositioned(bySkus, [skus]));
      this.reads.servedFromSource({ atMost });
      return bySku(rows);
    } catch (error) {
      // Where there is no primary, the replica's word is all that there is.
      if (error instanceof Problem) return new Map();
      throw error;
    }
  }
}

function bySku(products: readonly Product[]): ReadonlyMap<string, Product> {
  return new Map(products.map((product) => [product.sku, product]));
}
