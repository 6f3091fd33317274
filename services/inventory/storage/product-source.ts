import type { CacheSource, Loaded } from '#platform/cache/cache-options.js';
import type { AllIds } from '#platform/cache/known-ids.js';
import type { Reads } from '#platform/consistency/reads.js';
import { outsideOfRequests } from '#platform/logging/correlation.js';
import type { Database, Statement } from '#platform/postgres/database.js';
import { startPosition, type Position } from '#platform/postgres/position.js';
import type { Product } from '../domain/products.js';
import { bySku, toProduct } from './products.js';

const allSkus: Statement<{ sku: string }> = {
  name: 'product-all-skus',
  text: 'SELECT sku FROM inventory.products',
};

/** The products as the cache loads them: with the place in the log that they were read at. */
export class ProductSource implements CacheSource<Product> {
  constructor(
    private readonly reads: Reads,
    private readonly database: Database,
  ) {}

  async load(sku: string): Promise<Loaded<Product>> {
    const { rows, ...bounds } = await this.reads.runPositioned(bySku, [sku]);
    return { value: rows[0] === undefined ? undefined : toProduct(rows[0]), ...bounds };
  }

  loadLatest(sku: string): Promise<Loaded<Product>> {
    return outsideOfRequests(() => this.load(sku));
  }

  async allIds(): Promise<AllIds> {
    const { rows, atLeast } = await outsideOfRequests(() => this.reads.runPositioned(allSkus, []));
    return { ids: rows.map(({ sku }) => sku), atLeast };
  }

  /** One server alone has no replica that could be behind, and its reads come without positions. */
  position(): Promise<Position> {
    return this.reads.replicated ? this.database.position() : Promise.resolve(startPosition);
  }

  epoch(): number {
    return this.database.members.epoch;
  }
}
