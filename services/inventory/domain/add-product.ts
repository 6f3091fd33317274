import type { Cache } from '#platform/cache/cache.js';
import type { Product, Products } from './products.js';

/** Adds a product to the assortment. When it answers, the product is found, also where it was cached as absent. */
export async function addProduct(
  products: Products,
  cache: Cache<Product> | undefined,
  product: Product,
): Promise<'added' | 'sku-taken'> {
  // The filter of known skus must not deny what is about to be committed; one that knows too much does no harm.
  await cache?.announce([product.sku]);
  const added = await products.add(product);
  await cache?.invalidate([product.sku]);
  return added;
}
