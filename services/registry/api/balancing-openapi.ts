import { z } from 'zod';
import type { PathItems } from '#platform/http/openapi.js';
import { clientStrategies, frontDoorStrategies } from '#protocols/balancing/strategy.js';

/** A strategy or weight that is wrong is told apart from a body that is: it has a code of its own. */
export const balancingChangeSchema = z
  .strictObject({
    frontDoor: z.string(),
    grpc: z.string(),
    adaptive: z.boolean(),
    weights: z.record(z.string(), z.number()),
  })
  .partial()
  .meta({ id: 'BalancingChange' });

const balancingSchema = z
  .object({
    frontDoor: z.enum(frontDoorStrategies),
    grpc: z.enum(clientStrategies),
    adaptive: z.boolean(),
    weights: z.record(z.string(), z.int()),
  })
  .meta({ id: 'Balancing' });

export const balancingPaths: PathItems = {
  '/control/balancing': {
    get: {
      summary: 'Tells how copies are chosen, by nginx and between the services, and with which weights',
      admin: true,
      answers: { 200: { description: 'In force', schema: balancingSchema } },
      problems: ['unauthenticated', 'forbidden', 'no-control-streams'],
    },
    put: {
      summary: 'Changes how copies are chosen',
      description:
        'What is left out stays as it is; a full weight is 100, the least 1, the most 1000. It ends with the registry.',
      admin: true,
      body: balancingChangeSchema,
      answers: { 200: { description: 'In force', schema: balancingSchema } },
      problems: [
        'unauthenticated',
        'forbidden',
        'validation-failed',
        'no-control-streams',
        'unknown-strategy',
        'unknown-member',
        'weight-out-of-range',
      ],
    },
  },
};
