import type { Product, ProductPage, ProductQuery } from '#platform/catalogue/products.js';
import type { ProductIndex } from './product-index.js';

/** The index that follows the database. */
export interface FollowingIndex {
  /**
   * The index as soon as it shows what the request demands.
   *
   * @throws Problem `no-primary`, `upstream-unavailable` when it does not within a second
   */
  forRequest(): Promise<Pick<ProductIndex, 'search'>>;
}

/** Where products are kept. */
export interface StoredProducts {
  /** Those that there are, by sku. */
  bySkus(skus: readonly string[]): Promise<ReadonlyMap<string, Product>>;
}

/** Finds in the index, and shows with prices and stock from the database. */
export async function searchProducts(
  index: FollowingIndex,
  products: StoredProducts,
  query: ProductQuery,
): Promise<ProductPage> {
  const { skus, total } = (await index.forRequest()).search(query);
  const stored = await products.bySkus(skus);
  const items = skus.flatMap((sku) => stored.get(sku) ?? []);
  // What no server shows any more was lost in a failover that the index has not followed yet.
  return { items, total: total - (skus.length - items.length) };
}
