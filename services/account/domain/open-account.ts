import { v7 as uuidv7 } from 'uuid';
import { hashPassword } from '#platform/auth/passwords.js';
import type { Accounts } from './accounts.js';

export interface OpenAccountRequest {
  readonly owner: string;
  readonly password: string;
  readonly openingBalanceMinor: number;
}

export type OpenAccountResult =
  | { result: 'opened'; account: { id: string; owner: string; balanceMinor: number } }
  | { result: 'owner-taken' };

/** Opens an account with its opening balance; one for each owner. */
export async function openAccount(
  accounts: Accounts,
  request: OpenAccountRequest,
): Promise<OpenAccountResult> {
  const { owner, password, openingBalanceMinor } = request;
  // Asked before the hash, which is slow on purpose; two that come at once are told apart by the insert.
  if ((await accounts.byOwner(owner)) !== undefined) return { result: 'owner-taken' };
  const id = uuidv7();
  const added = await accounts.add({
    id,
    owner,
    openingBalanceMinor,
    passwordHash: await hashPassword(password),
  });
  if (added === 'owner-taken') return { result: 'owner-taken' };
  return { result: 'opened', account: { id, owner, balanceMinor: openingBalanceMinor } };
}
