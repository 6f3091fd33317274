import { z } from 'zod';
import type { PathItems } from '#platform/http/openapi.js';
import { newOrderSchema, orderPageSchema, orderSchema } from './schemas.js';

export const orderPaths: PathItems = {
  '/api/orders': {
    post: {
      summary: 'Places an order',
      description:
        'Ends in one of three states: 201 CONFIRMED, 409 or 422 REJECTED (the order is in the member `order`), or 202 ' +
        'PENDING when the outcome is not known in time; look at `Location` for it. Send the same Idempotency-Key again ' +
        'whenever you got no answer. 429 means that nothing was done: send it again after `Retry-After`.',
      user: true,
      parameters: [
        {
          name: 'Idempotency-Key',
          in: 'header',
          required: true,
          description: 'Yours to choose, new for each order',
          schema: z.string().min(1).max(128),
        },
      ],
      body: newOrderSchema,
      answers: {
        201: { description: 'CONFIRMED', schema: orderSchema },
        202: { description: 'PENDING: not known yet', schema: orderSchema },
      },
      problems: [
        'validation-failed',
        'idempotency-key-missing',
        'idempotency-key-invalid',
        'unauthenticated',
        'insufficient-funds',
        'out-of-stock',
        'price-changed',
        'participant-unavailable',
        'prepared-transactions-off',
        'coordinator-restarted',
        'aborted-alone',
        'unknown-sku',
        'unknown-protocol',
        'idempotency-key-reused',
        'too-many-orders',
        'overloaded',
        'upstream-unavailable',
      ],
    },
    get: {
      summary: 'Lists your orders, newest first',
      user: true,
      parameters: [
        { name: 'page', in: 'query', description: 'From 1', schema: z.int().min(1).default(1) },
        {
          name: 'pageSize',
          in: 'query',
          description: 'At most 100',
          schema: z.int().min(1).max(100).default(20),
        },
      ],
      answers: { 200: { description: 'One page', schema: orderPageSchema } },
      problems: ['validation-failed', 'unauthenticated', 'overloaded'],
    },
  },
  '/api/orders/{id}': {
    get: {
      summary: 'Shows your order',
      user: true,
      parameters: [{ name: 'id', in: 'path', description: 'The order’s id' }],
      answers: { 200: { description: 'The order', schema: orderSchema } },
      problems: ['validation-failed', 'unauthenticated', 'forbidden', 'not-found', 'overloaded'],
    },
  },
};
