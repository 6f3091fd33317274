import { hashPassword, verifyPassword } from '#platform/auth/passwords.js';
import type { Principal } from '#platform/auth/tokens.js';
import type { Accounts } from './accounts.js';

/** Checked against when there is no such owner, so that the answer takes as long as for a wrong password. */
let hashOfNobody: Promise<string> | undefined;

/** Who the owner is, when the password is right. */
export async function logIn(
  accounts: Accounts,
  { owner, password }: { owner: string; password: string },
): Promise<Principal | 'wrong-credentials'> {
  const account = await accounts.byOwner(owner);
  const stored = account?.passwordHash ?? (await (hashOfNobody ??= hashPassword('nobody')));
  const right = await verifyPassword(password, stored);
  return right && account !== undefined
    ? { accountId: account.id, owner: account.owner }
    : 'wrong-credentials';
}
