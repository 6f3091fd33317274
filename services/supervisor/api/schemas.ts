import { z } from 'zod';
import { failoverModes, synchronousModes } from '#platform/config/process-config.js';
import { faultLimits } from '#platform/faults/fault.js';

const memberSchema = z
  .string()
  .regex(/^[a-z0-9-]{1,63}$/, 'must be the name of a server')
  .meta({ example: 'postgres-3' });

export const longestLagMs = 600_000;

export const newFailoverSchema = z.strictObject({
  to: memberSchema
    .optional()
    .meta({ description: 'The replica to be promoted; the most advanced when left out' }),
});

export const failoverSchema = z.object({
  epoch: z.int(),
  primary: z.string(),
  tookMs: z.int().meta({ description: 'Until the new primary took writes' }),
});

export const modeSchema = z.strictObject({ mode: z.enum(failoverModes) });

export const synchronousSchema = z.strictObject({ synchronous: z.enum(synchronousModes) });

export const newLagSchema = z.strictObject({
  member: memberSchema.optional().meta({ description: 'A replica; the last one when left out' }),
  lagMs: z
    .int()
    .min(1)
    .max(longestLagMs)
    .meta({ description: 'How long it waits before it shows what it has received' }),
  ttlMs: z
    .int()
    .min(faultLimits.shortestTtlMs)
    .max(faultLimits.longestTtlMs)
    .meta({ description: 'When it ends by itself' }),
});

export const lagSchema = z
  .object({
    id: z.string(),
    member: z.string(),
    lagMs: z.int(),
    ttlMs: z.int(),
    leftMs: z.int(),
  })
  .meta({ id: 'ReplicaLag' });

export const clusterSchema = z
  .object({
    epoch: z.int().meta({ description: 'Counts the promotions, from 1' }),
    primary: z.string().nullable().meta({ description: 'Null while no server may take writes' }),
    phase: z.enum(['steady', 'failing-over', 'stuck']),
    mode: z.enum(failoverModes),
    synchronous: z.enum(synchronousModes),
    synchronousReplicas: z.int().meta({ description: 'How many replicas can confirm a write right now' }),
    leaseLeftMs: z.int(),
    members: z.array(
      z.object({
        name: z.string(),
        role: z.enum(['primary', 'replica', 'old-primary', 'unreachable']),
        lsn: z.string().nullable(),
        lagBytes: z.int().nullable(),
        lagMs: z.int().nullable(),
        synchronous: z.boolean(),
        delayMs: z.int(),
      }),
    ),
    lags: z.array(lagSchema),
    history: z
      .array(
        z.object({
          epoch: z.int(),
          primary: z.string(),
          beganAtLsn: z.string(),
          beganAt: z.string(),
          why: z.string(),
          tookMs: z.number(),
        }),
      )
      .meta({ description: 'The latest promotion first' }),
  })
  .meta({ id: 'DatabaseCluster' });
