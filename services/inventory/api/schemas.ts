import { z } from 'zod';

export const skuSchema = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, 'must be 1 to 64 letters, digits, dots, hyphens or underscores');

export const productSchema = z
  .object({ sku: z.string(), name: z.string(), priceMinor: z.int(), available: z.int() })
  .meta({ id: 'Product' });

export const productPageSchema = z
  .object({ items: z.array(productSchema), page: z.int(), pageSize: z.int(), total: z.int() })
  .meta({ id: 'ProductPage' });

const wholeNumber = (smallest: number, largest: number): z.ZodType<number, string | undefined> =>
  z
    .string()
    .regex(/^\d{1,9}$/, 'must be a whole number')
    .transform(Number)
    .pipe(z.int().min(smallest).max(largest)) as unknown as z.ZodType<number, string | undefined>;

export const productQuerySchema = z.strictObject({
  query: z.string().max(100).default(''),
  page: wholeNumber(1, 1_000_000).default(1),
  pageSize: wholeNumber(1, 100).default(20),
});
