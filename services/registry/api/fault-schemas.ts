import { z } from 'zod';
import { faultLimits } from '#platform/faults/fault.js';
import { faultActions } from '#protocols/commit/failpoints.js';

const { shortestTtlMs, longestTtlMs, shortestDurationMs, longestDurationMs, highestCount } = faultLimits;

/** As the front door accepts it; anything else it would replace. */
const correlationIdSchema = z
  .string()
  .regex(/^[A-Za-z0-9._:-]{1,64}$/, 'must be 1 to 64 letters, digits, dots, hyphens, colons or underscores');

const ttlMsSchema = z
  .int()
  .min(shortestTtlMs)
  .max(longestTtlMs)
  .meta({ description: 'When it ends by itself' });

/** Points, actions and processes are looked up afterwards, and refused with codes of their own. */
export const newFaultSchema = z
  .strictObject({
    point: z.string().max(100).meta({ example: 'coordinator.decision.after-log' }),
    action: z
      .string()
      .max(32)
      .meta({ example: 'crash', description: faultActions.join(', ') }),
    ttlMs: ttlMsSchema,
    process: z
      .string()
      .max(63)
      .optional()
      .meta({ description: 'A process, or a service for all its copies' }),
    durationMs: z
      .int()
      .min(shortestDurationMs)
      .max(longestDurationMs)
      .optional()
      .meta({ description: 'How long a delay or a pause takes' }),
    percent: z
      .int()
      .min(1)
      .max(100)
      .optional()
      .meta({ description: 'In how many of a hundred cases it acts' }),
    nth: z
      .int()
      .min(1)
      .max(highestCount)
      .optional()
      .meta({ description: 'Acts from the nth time on that a process reaches the point' }),
    times: z
      .int()
      .min(1)
      .max(highestCount)
      .optional()
      .meta({ description: 'Acts so often at most; a crash once, everything else without limit' }),
    correlationId: correlationIdSchema.optional().meta({ description: 'Acts for this request alone' }),
  })
  .superRefine(({ action, durationMs }, context) => {
    if (durationMs === undefined || action === 'delay' || action === 'pause') return;
    context.addIssue({
      code: 'custom',
      path: ['durationMs'],
      message: 'only a delay or a pause takes a time of its own',
    });
  });

export const newTraceSchema = z.strictObject({ correlationId: correlationIdSchema, ttlMs: ttlMsSchema });

export const gidSchema = z.uuid().toLowerCase();

const countSchema = z.int().min(0);

export const faultSchema = z
  .object({
    id: z.string(),
    point: z.string(),
    action: z.enum(faultActions),
    processes: z.array(z.string()),
    ttlMs: z.int(),
    leftMs: z.int(),
    durationMs: z.int().optional(),
    percent: z.int(),
    nth: z.int(),
    times: z.int().optional(),
    correlationId: z.string().optional(),
    addedAt: z.string(),
    acted: countSchema.meta({ description: 'How often it has acted, in all processes' }),
  })
  .meta({ id: 'Fault' });

export const auditEntrySchema = z
  .object({
    at: z.string(),
    who: z.enum(['admin', 'registry']),
    what: z.string(),
    detail: z.record(z.string(), z.unknown()),
  })
  .meta({ id: 'AuditEntry' });

export const transactionSchema = z
  .object({
    gid: z.string(),
    protocol: z.string().optional(),
    outcome: z.enum(['committed', 'aborted']).optional(),
    events: z
      .array(
        z.object({
          gid: z.string(),
          process: z.string(),
          atUs: z.int().meta({ description: 'Hybrid logical time in microseconds since the epoch' }),
          what: z.looseObject({ kind: z.string() }),
        }),
      )
      .meta({ description: 'In causal order' }),
    log: z.array(z.object({ kind: z.string(), detail: z.string(), term: z.int(), loggedAtMs: z.int() })),
    missing: z.array(z.string()).meta({ description: 'Who could not be asked' }),
  })
  .meta({ id: 'Transaction' });
