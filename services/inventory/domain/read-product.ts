import type { Found } from '#platform/cache/cache-options.js';
import type { Cache } from '#platform/cache/cache.js';
import type { Reads } from '#platform/consistency/reads.js';
import type { Product, Products } from './products.js';

/** A product by its sku: through the cache where the stage has one and the request's level allows, else from the database. */
export async function readProduct(
  products: Products,
  cache: Cache<Product> | undefined,
  reads: Reads | undefined,
  sku: string,
): Promise<Product | undefined> {
  if (cache === undefined || reads === undefined) return products.bySku(sku);
  const found = await cache.read(sku, reads.cacheDemand());
  if (found.from === 'cache') reads.servedFromCache(found.ageMs, found);
  else reads.servedFromSource(found);
  return found.value;
}

/**
 * What an overloaded shop shows in place of it: any value from the cache, however old, to readers who were promised nothing
 * better. Undefined to those who were, and where the cache has none.
 */
export async function readStaleProduct<Value>(
  cache: Pick<Cache<Value>, 'peek'> | undefined,
  reads: Pick<Reads, 'cacheDemand' | 'servedFromCache'> | undefined,
  sku: string,
): Promise<{ readonly value: Value; readonly ageMs: number } | undefined> {
  if (cache === undefined || reads === undefined) return undefined;
  const { allowed, atLeast } = reads.cacheDemand();
  if (!allowed || atLeast.lsn > 0n) return undefined;
  const found: Found<Value> | undefined = await cache.peek(sku);
  if (found?.value === undefined) return undefined;
  reads.servedFromCache(found.ageMs, found);
  return { value: found.value, ageMs: found.ageMs };
}
