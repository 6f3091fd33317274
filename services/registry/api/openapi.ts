import { z } from 'zod';
import type { PathItems } from '#platform/http/openapi.js';
import { settingsSchema } from '#platform/settings/settings.js';
import { balancingPaths } from './balancing-openapi.js';
import { faultControlPaths, unreached } from './fault-openapi.js';
import { memberPaths } from './member-openapi.js';
import { verdictSchema } from './schemas.js';

const processSchema = z.object({
  name: z.string(),
  service: z.string(),
  httpAddress: z.string(),
  grpcAddress: z.string().optional(),
});

const settingsViewSchema = z.object({ settings: settingsSchema, unreached });

export const controlPaths: PathItems = {
  ...faultControlPaths,
  ...balancingPaths,
  ...memberPaths,
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
  '/control/settings': {
    get: {
      summary: 'Tells what was switched in the running shop, and which processes do not know of it yet',
      admin: true,
      answers: { 200: { description: 'What is left out is as configured', schema: settingsViewSchema } },
      problems: ['unauthenticated', 'forbidden'],
    },
    put: {
      summary: 'Switches protections of the running shop, in place of what was switched before',
      description: 'What is left out is as configured. It ends with the registry.',
      admin: true,
      body: settingsSchema,
      answers: { 200: { description: 'In force', schema: settingsViewSchema } },
      problems: ['unauthenticated', 'forbidden', 'validation-failed', 'no-control-streams'],
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
