import { z } from 'zod';
import type { PathItems } from '#platform/http/openapi.js';
import {
  auditEntrySchema,
  faultSchema,
  newFaultSchema,
  newTraceSchema,
  transactionSchema,
} from './fault-schemas.js';

const admin = ['unauthenticated', 'forbidden'] as const;
export const unreached = z
  .array(z.string())
  .meta({ description: 'Processes that did not answer within a second' });

const gidParameter = { name: 'gid', in: 'path', description: "The order's id" } as const;

const faultPaths: PathItems = {
  '/control/faults': {
    post: {
      summary: 'Adds a fault at a failpoint',
      description: 'It ends when its time is up, when it has acted often enough, or with the registry.',
      admin: true,
      body: newFaultSchema,
      answers: { 201: { description: 'In force', schema: faultSchema.extend({ unreached }) } },
      problems: [
        ...admin,
        'validation-failed',
        'no-failpoints-here',
        'limit-reached',
        'unknown-failpoint',
        'unknown-action',
        'action-not-possible-here',
        'unknown-target',
      ],
    },
    get: {
      summary: 'Lists the faults that are in force, and the latest that have ended',
      admin: true,
      answers: {
        200: {
          description: 'The oldest first; those that have ended the other way round',
          schema: z.object({
            faults: z.array(faultSchema),
            ended: z.array(
              faultSchema.extend({ ended: z.enum(['time-is-up', 'acted-often-enough', 'removed']) }),
            ),
          }),
        },
      },
      problems: admin,
    },
    delete: {
      summary: 'Takes all faults back',
      admin: true,
      answers: { 200: { description: 'How many there were', schema: z.object({ removed: z.int() }) } },
      problems: admin,
    },
  },
  '/control/faults/{id}': {
    delete: {
      summary: 'Takes a fault back',
      admin: true,
      parameters: [{ name: 'id', in: 'path', description: "The fault's id" }],
      answers: { 204: { description: 'It is gone' } },
      problems: [...admin, 'unknown-fault'],
    },
  },
  '/control/faults/points': {
    get: {
      summary: 'Lists the failpoints, and what can happen at each',
      admin: true,
      answers: {
        200: {
          description: 'Empty where the shop runs in one process',
          schema: z.object({
            points: z.array(z.object({ point: z.string(), actions: z.array(z.string()) })),
          }),
        },
      },
      problems: admin,
    },
  },
  '/control/faults/audit': {
    get: {
      summary: 'Lists who has changed what about faults and traces, and when',
      admin: true,
      answers: {
        200: { description: 'The latest first', schema: z.object({ entries: z.array(auditEntrySchema) }) },
      },
      problems: admin,
    },
  },
};

const transactionPaths: PathItems = {
  '/control/traces': {
    post: {
      summary: 'Has the events of one request reported as they happen',
      admin: true,
      body: newTraceSchema,
      answers: { 201: { description: 'Watched', schema: newTraceSchema.extend({ unreached }) } },
      problems: [...admin, 'validation-failed', 'limit-reached'],
    },
  },
  '/control/transactions/{gid}': {
    get: {
      summary: 'Tells what happened to a transaction',
      admin: true,
      parameters: [gidParameter],
      answers: { 200: { description: 'Events of all processes, and the log', schema: transactionSchema } },
      problems: [...admin, 'validation-failed', 'unknown-transaction'],
    },
  },
  '/control/transactions/{gid}/repair': {
    post: {
      summary: 'Brings a transaction that has ended differently in its branches to one end',
      admin: true,
      parameters: [gidParameter],
      answers: {
        200: {
          description: 'What was done',
          schema: z.object({
            gid: z.string(),
            result: z.enum(['committed', 'undone', 'nothing-to-repair']),
            detail: z.string(),
          }),
        },
      },
      problems: [...admin, 'validation-failed', 'unknown-transaction', 'upstream-unavailable'],
    },
  },
};

export const faultControlPaths: PathItems = { ...faultPaths, ...transactionPaths };
