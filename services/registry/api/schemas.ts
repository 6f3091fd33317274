import { z } from 'zod';

export const invariantsQuerySchema = z.strictObject({
  waitMs: z
    .string()
    .regex(/^\d{1,6}$/, 'must be a whole number of milliseconds')
    .transform(Number)
    .pipe(z.int().max(60_000))
    .default(0),
});

export const verdictSchema = z
  .object({
    ok: z.boolean(),
    laws: z.array(z.object({ name: z.string(), ok: z.boolean(), expected: z.string(), actual: z.string() })),
  })
  .meta({ id: 'Verdict' });
