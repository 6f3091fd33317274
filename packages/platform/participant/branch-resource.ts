import { z } from 'zod';
import type { BranchKey } from './branch-handler.js';

/**
 * A branch as services that speak REST see it: `PUT /internal/branches/{gid}/{branch}` says what state it is to be in, and may be
 * repeated. What is refused is an answer (200) like what is done.
 */
export const branchPrefix = '/internal/branches';

export function branchPath({ gid, branch }: BranchKey): string {
  return `${branchPrefix}/${gid}/${branch}`;
}

const minor = z.int().nonnegative();
const item = z.strictObject({ sku: z.string().min(1), quantity: z.int().positive(), priceMinor: minor });

const actionSchema = z.discriminatedUnion('$case', [
  z.strictObject({
    $case: z.literal('reserveStock'),
    reserveStock: z.strictObject({ items: z.array(item).min(1) }),
  }),
  z.strictObject({
    $case: z.literal('debitAccount'),
    debitAccount: z.strictObject({ accountId: z.uuid(), amountMinor: minor }),
  }),
]);

export const branchChangeSchema = z.discriminatedUnion('state', [
  z.strictObject({ state: z.literal('applied'), action: actionSchema }),
  /** `code`: why it is undone. */
  z.strictObject({ state: z.literal('cancelled'), action: actionSchema, code: z.string().min(1) }),
]);
export type BranchChange = z.infer<typeof branchChangeSchema>;

export const branchAnswerSchema = z.discriminatedUnion('outcome', [
  z.strictObject({ outcome: z.literal('done') }),
  z.strictObject({ outcome: z.literal('refused'), code: z.string() }),
]);
export type BranchAnswer = z.infer<typeof branchAnswerSchema>;

export const gidSchema = z.uuid();
export const branchIndexSchema = z.coerce.number().int().min(0).max(63);
