import { z } from 'zod';
import { paging } from '../http/paging.js';

export interface Product {
  readonly sku: string;
  readonly name: string;
  readonly priceMinor: number;
  readonly available: number;
}

export interface ProductPage {
  readonly items: readonly Product[];
  readonly total: number;
}

export interface ProductQuery {
  /** Part of a name or sku; empty for all. */
  readonly query: string;
  /** From 1. */
  readonly page: number;
  readonly pageSize: number;
}

export const productSchema = z
  .object({ sku: z.string(), name: z.string(), priceMinor: z.int(), available: z.int() })
  .meta({ id: 'Product' });

export const productPageSchema = z
  .object({ items: z.array(productSchema), page: z.int(), pageSize: z.int(), total: z.int() })
  .meta({ id: 'ProductPage' });

/** The query string of `GET /api/products`, whoever answers it. */
export const productQuerySchema = z.strictObject({
  // PostgreSQL's text holds every character but this one.
  query: z
    .string()
    .max(100)
    .refine((text) => !text.includes('\0'), 'must not hold a zero byte')
    .default(''),
  ...paging,
});
