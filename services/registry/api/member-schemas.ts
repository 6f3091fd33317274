import { z } from 'zod';
import { detectorNames } from '#protocols/failure-detector/detector.js';
import { memberStates } from '#protocols/failure-detector/member.js';

/** Shorter than any time-out between whoever waits and the registry. */
const longestWaitMs = 5_000;

export const membersQuerySchema = z.strictObject({
  /** EPOCH.VERSION of the view that the caller has. */
  known: z
    .string()
    .regex(/^\d{1,16}\.\d{1,16}$/, 'must be EPOCH.VERSION')
    .optional(),
  waitMs: z
    .string()
    .regex(/^\d{1,5}$/, 'must be a whole number of milliseconds')
    .transform(Number)
    .pipe(z.int().max(longestWaitMs))
    .default(longestWaitMs),
});

export const detectorSchema = z.strictObject({ detector: z.enum(detectorNames) });

const memberSchema = z.object({
  name: z.string(),
  service: z.string(),
  httpAddress: z.string(),
  grpcAddress: z.string(),
  state: z.enum(memberStates),
  sinceMs: z.number(),
  draining: z.boolean(),
  weight: z.number(),
  slowStartShare: z.number(),
  phi: z.number(),
  missedBeats: z.number(),
  load: z.number(),
  inFlight: z.number(),
  eventLoopLagMs: z.number(),
  version: z.string(),
  incarnation: z.number(),
  detectors: z.object({ periodic: z.boolean(), phi: z.boolean() }),
});

export const membersSchema = z
  .object({
    epoch: z.number(),
    version: z.number(),
    settled: z.boolean(),
    detector: z.enum(detectorNames),
    balancing: z.object({ frontDoor: z.string(), grpc: z.string(), adaptive: z.boolean() }),
    members: z.array(memberSchema),
  })
  .meta({ id: 'Members' });
