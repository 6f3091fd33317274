import { z } from 'zod';

/** `GET /internal/prices?sku=A&sku=B`; what is not sold is left out of the answer. */
export const pricesPath = '/internal/prices';

const sku = z.string().min(1).max(64);

export const pricesQuerySchema = z.object({
  sku: z.union([sku.transform((one) => [one]), z.array(sku).min(1).max(200)]),
});

export const pricesSchema = z.object({
  prices: z.array(z.object({ sku: z.string(), priceMinor: z.int() })),
});
export type Prices = z.infer<typeof pricesSchema>;
