import { z } from 'zod';
import type { PathItems } from '#platform/http/openapi.js';
import {
  clusterSchema,
  failoverSchema,
  lagSchema,
  modeSchema,
  newFailoverSchema,
  newLagSchema,
  synchronousSchema,
} from './schemas.js';

/** Served only where there are replicas, by the supervisor: not found elsewhere. */
const admin = ['unauthenticated', 'forbidden', 'not-found'] as const;

export const databasePaths: PathItems = {
  '/control/database': {
    get: {
      summary: 'Tells which database server is the primary, and how far the replicas are',
      admin: true,
      answers: { 200: { description: 'As the supervisor sees it', schema: clusterSchema } },
      problems: admin,
    },
  },
  '/control/database/orders/{member}': {
    get: {
      summary: 'Tells whoever runs a database server in a container as what it is to run',
      admin: true,
      parameters: [
        {
          name: 'member',
          in: 'path',
          required: true,
          description: 'For example postgres-2',
          schema: z.string(),
        },
      ],
      answers: { 200: { description: 'Lines of KEY=VALUE: epoch, primary, phase, mode, clone-order' } },
      problems: [...admin, 'unknown-member'],
    },
  },
  '/control/database/failover': {
    post: {
      summary: 'Makes a replica the primary, although the primary may be well',
      description: 'Nothing is lost when the primary can be reached. Answers when writes are possible again.',
      admin: true,
      body: newFailoverSchema,
      answers: { 200: { description: 'The new primary', schema: failoverSchema } },
      problems: [...admin, 'validation-failed', 'failover-not-possible', 'unknown-member'],
    },
  },
  '/control/database/mode': {
    put: {
      summary: 'Says whether a replica is promoted by itself (hot) or by command (cold)',
      admin: true,
      body: modeSchema,
      answers: { 200: { description: 'Remembered', schema: modeSchema } },
      problems: [...admin, 'validation-failed'],
    },
  },
  '/control/database/synchronous': {
    put: {
      summary: 'Says what a write waits for before it is acknowledged',
      admin: true,
      body: synchronousSchema,
      answers: { 200: { description: 'In force', schema: synchronousSchema } },
      problems: [...admin, 'validation-failed', 'no-primary'],
    },
  },
  '/control/database/lags': {
    post: {
      summary: 'Makes a replica lag, for a while',
      description: 'It ends when its time is up, when it is taken back, or with the supervisor.',
      admin: true,
      body: newLagSchema,
      answers: { 201: { description: 'In force', schema: lagSchema } },
      problems: [...admin, 'validation-failed', 'unknown-member', 'limit-reached'],
    },
    delete: {
      summary: 'Takes all lags back',
      admin: true,
      answers: { 200: { description: 'How many there were', schema: z.object({ removed: z.int() }) } },
      problems: admin,
    },
  },
  '/control/database/lags/{id}': {
    delete: {
      summary: 'Takes a lag back',
      admin: true,
      parameters: [{ name: 'id', in: 'path', description: "The lag's id" }],
      answers: { 204: { description: 'It is gone' } },
      problems: [...admin, 'unknown-fault'],
    },
  },
};
