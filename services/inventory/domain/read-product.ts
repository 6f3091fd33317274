import type { Cache } from '#platform/cache/cache.js';
import type { Product, Products } from './products.js';

/** A product by its sku: through the cache where the stage has one, else from the database. */
export async function readProduct(
  products: Products,
  cache: Cache<Product> | undefined,
  sku: string,
): Promise<Product | undefined> {
  return cache === undefined ? products.bySku(sku) : cache.read(sku, () => products.bySku(sku));
}
