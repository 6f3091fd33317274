import { z } from 'zod';
import type { PathItems } from '#platform/http/openapi.js';
import { detectorSchema, membersSchema } from './member-schemas.js';

const admin = ['unauthenticated', 'forbidden', 'no-members-here'] as const;
const nameParameter = { name: 'name', in: 'path', description: 'For example order-1' } as const;
const versionAnswer = {
  200: {
    description: 'The version of the view in which it is so',
    schema: z.object({ version: z.number() }),
  },
};

export const memberPaths: PathItems = {
  '/control/members': {
    get: {
      summary: 'Tells which processes live, and what both failure detectors make of their heartbeats',
      admin: true,
      parameters: [
        {
          name: 'known',
          in: 'query',
          description: 'EPOCH.VERSION of the view that the caller has: it is answered when there is another',
        },
        { name: 'waitMs', in: 'query', description: 'How long it waits for that', schema: z.int() },
      ],
      answers: { 200: { description: 'In the order in which they came', schema: membersSchema } },
      problems: [...admin, 'validation-failed'],
    },
  },
  '/control/members/detector': {
    put: {
      summary: 'Chooses the failure detector that decides; both go on listening',
      admin: true,
      body: detectorSchema,
      answers: { 200: { description: 'In force', schema: membersSchema } },
      problems: [...admin, 'validation-failed'],
    },
  },
  '/control/members/{name}/drain': {
    post: {
      summary: 'Takes a member out of traffic; it goes on with what it has',
      admin: true,
      parameters: [nameParameter],
      answers: versionAnswer,
      problems: [...admin, 'unknown-member', 'last-member'],
    },
    delete: {
      summary: 'Takes a member back into traffic',
      admin: true,
      parameters: [nameParameter],
      answers: versionAnswer,
      problems: [...admin, 'unknown-member'],
    },
  },
};
