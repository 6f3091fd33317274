import { z } from 'zod';
import { productPageSchema, productSchema } from '#platform/catalogue/products.js';
import type { PathItems } from '#platform/http/openapi.js';
import { newProductSchema } from './schemas.js';

export const inventoryPaths: PathItems = {
  '/api/products': {
    get: {
      summary: 'Lists products',
      parameters: [
        { name: 'query', in: 'query', description: 'Part of a name or sku', schema: z.string().max(100) },
        { name: 'page', in: 'query', description: 'From 1', schema: z.int().min(1).default(1) },
        {
          name: 'pageSize',
          in: 'query',
          description: 'At most 100',
          schema: z.int().min(1).max(100).default(20),
        },
      ],
      answers: { 200: { description: 'One page', schema: productPageSchema } },
      problems: ['validation-failed', 'overloaded'],
    },
  },
  '/api/products/{sku}': {
    get: {
      summary: 'Shows a product',
      parameters: [{ name: 'sku', in: 'path', description: 'For example MUG-BLU-1' }],
      description:
        'An overloaded shop may answer with an old product: with X-Degraded: stale, and its Age in seconds.',
      answers: { 200: { description: 'The product', schema: productSchema } },
      problems: ['validation-failed', 'not-found', 'overloaded'],
    },
  },
  '/control/products': {
    post: {
      summary: 'Adds a product to the assortment',
      description: 'When it is answered, the product is found, also where it was cached as absent.',
      admin: true,
      body: newProductSchema,
      answers: { 201: { description: 'Added', schema: productSchema } },
      problems: ['unauthenticated', 'forbidden', 'validation-failed', 'sku-taken'],
    },
  },
};
