import { z } from 'zod';
import { listedMembersSchema } from '#platform/membership/listed-members.js';
import { detectorNames } from '#protocols/failure-detector/detector.js';

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

export const membersSchema = listedMembersSchema.meta({ id: 'Members' });
