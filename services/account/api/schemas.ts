import { z } from 'zod';

/** Far below 2^53, so that sums of many balances are exact as well. */
const largestAmountMinor = 1_000_000_000_000;

const owner = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, 'must be 1 to 64 letters, digits, dots, hyphens or underscores')
  .meta({ example: 'alice' });

export const newAccountSchema = z
  .strictObject({
    owner,
    password: z.string().min(8).max(200),
    openingBalanceMinor: z.int().min(0).max(largestAmountMinor).meta({ description: 'Minor units (cents)' }),
  })
  .meta({ id: 'NewAccount' });

export const credentialsSchema = z
  .strictObject({ owner: z.string().min(1).max(64), password: z.string().min(1).max(200) })
  .meta({ id: 'Credentials' });

export const accountSchema = z
  .object({ id: z.uuid(), owner: z.string(), balanceMinor: z.int() })
  .meta({ id: 'Account' });

export const tokenSchema = z.object({ token: z.string() }).meta({ id: 'Token' });

export const accountIdSchema = z.uuid('must be a UUID');
