import { z } from 'zod';
import { paging } from '#platform/http/paging.js';

export const skuSchema = z
  .string()
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/,
    'must be 1 to 64 letters, digits, dots, hyphens or underscores',
  );

export const productSchema = z
  .object({ sku: z.string(), name: z.string(), priceMinor: z.int(), available: z.int() })
  .meta({ id: 'Product' });

/** As much as a product may cost and as there may be of it: an order's total stays far below 2^53. */
const mostMinor = 100_000_000;
const mostAvailable = 100_000_000;

export const newProductSchema = z
  .strictObject({
    sku: skuSchema,
    name: z
      .string()
      .min(1)
      .max(200)
      .refine((text) => !text.includes('\0'), 'must not hold a zero byte'),
    priceMinor: z.int().min(0).max(mostMinor),
    available: z.int().min(0).max(mostAvailable),
  })
  .meta({ id: 'NewProduct' });

export const productPageSchema = z
  .object({ items: z.array(productSchema), page: z.int(), pageSize: z.int(), total: z.int() })
  .meta({ id: 'ProductPage' });

export const productQuerySchema = z.strictObject({
  // PostgreSQL's text holds every character but this one.
  query: z
    .string()
    .max(100)
    .refine((text) => !text.includes('\0'), 'must not hold a zero byte')
    .default(''),
  ...paging,
});
