import { z } from 'zod';

export const skuSchema = z
  .string()
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/,
    'must be 1 to 64 letters, digits, dots, hyphens or underscores',
  );

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
