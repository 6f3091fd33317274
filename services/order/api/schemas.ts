import { z } from 'zod';
import { protocolNames } from '#platform/config/process-config.js';

const mostItems = 100;
const largestQuantity = 1_000;

const itemSchema = z.strictObject({
  sku: z
    .string()
    .regex(
      /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/,
      'must be 1 to 64 letters, digits, dots, hyphens or underscores',
    )
    .meta({ example: 'MUG-BLU-1' }),
  quantity: z.int().min(1).max(largestQuantity),
});

export const newOrderSchema = z
  .strictObject({
    items: z
      .array(itemSchema)
      .min(1)
      .max(mostItems)
      .superRefine((items, context) => {
        const seen = new Set<string>();
        for (const [index, { sku }] of items.entries()) {
          if (seen.has(sku)) {
            context.addIssue({
              code: 'custom',
              path: [index, 'sku'],
              message: `${sku} is in the order twice`,
            });
          }
          seen.add(sku);
        }
      }),
    protocol: z
      .string()
      .max(32)
      .optional()
      .meta({ description: `One of ${protocolNames.join(', ')}` }),
  })
  .meta({ id: 'NewOrder' });

export const orderSchema = z
  .object({
    id: z.uuid(),
    status: z.enum(['PENDING', 'CONFIRMED', 'REJECTED']),
    protocol: z.enum([...protocolNames, 'local', 'best-effort']),
    items: z.array(z.object({ sku: z.string(), quantity: z.int(), priceMinor: z.int().optional() })),
    totalMinor: z.int().nullable().meta({ description: 'null until the order is priced' }),
    code: z.string().optional().meta({ description: 'Why it was rejected' }),
    createdAt: z.iso.datetime(),
  })
  .meta({ id: 'Order' });

export const orderPageSchema = z
  .object({ items: z.array(orderSchema), page: z.int(), pageSize: z.int(), total: z.int() })
  .meta({ id: 'OrderPage' });

export const orderIdSchema = z.uuid('must be a UUID');

/** RFC draft-ietf-httpapi-idempotency-key-header leaves the format to the server: printable ASCII without spaces. */
export const idempotencyKeySchema = z
  .string()
  .min(1)
  .max(128, 'must be at most 128 characters')
  .regex(/^[\x21-\x7e]+$/, 'must be printable ASCII without spaces');
