import { z } from 'zod';
import { Cache } from '#platform/cache/cache.js';
import type { CacheParts, CacheSource } from '#platform/cache/cache-options.js';
import type { Product } from '../domain/products.js';

/** A product's stock changes with every order, and each change outdates what is cached; this is for what gets lost. */
const ttlMs = 10_000;
const absentTtlMs = 1_000;
const staleMs = 5_000;
/** What an overloaded shop may still show. */
const mostStaleMs = 60_000;
/** Longer than a load takes that is about to be stored. */
const longestLoadMs = 20_000;

const cachedProduct = z.strictObject({
  sku: z.string(),
  name: z.string(),
  priceMinor: z.int(),
  available: z.int(),
});

export function newProductCache(
  parts: CacheParts,
  source: CacheSource<Product>,
  maxReplicaLagMs: number,
): Cache<Product> {
  return new Cache(
    parts,
    {
      name: 'product',
      schema: cachedProduct,
      ttlMs,
      absentTtlMs,
      staleMs,
      mostStaleMs,
      floorTtlMs: maxReplicaLagMs + longestLoadMs,
    },
    source,
  );
}
