import { z } from 'zod';
import type { PathItems } from '#platform/http/openapi.js';
import { verdictSchema } from './schemas.js';

const processSchema = z.object({ name: z.string(), service: z.string(), httpAddress: z.string() });

export const controlPaths: PathItems = {
  '/control/invariants': {
    get: {
      summary: 'Checks the conservation laws on the running shop',
      admin: true,
      parameters: [
        {
          name: 'waitMs',
          in: 'query',
          description: 'How long transactions under way may take to settle',
          schema: z.int().min(0).max(60_000).default(0),
        },
      ],
      answers: { 200: { description: 'The laws; `ok` tells whether all hold', schema: verdictSchema } },
      problems: ['unauthenticated', 'forbidden', 'upstream-unavailable'],
    },
  },
  '/control/topology': {
    get: {
      summary: 'Tells which processes there are',
      admin: true,
      answers: {
        200: {
          description: 'The topology as it was planned',
          schema: z.object({ stage: z.int(), url: z.string(), processes: z.array(processSchema) }),
        },
      },
      problems: ['unauthenticated', 'forbidden'],
    },
  },
};
