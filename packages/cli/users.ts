import { join } from 'node:path';
import { randomBytes } from 'node:crypto';
import { z } from 'zod';

import { Failure } from './failure.js';
import { describeAnswer, type FrontDoorClient } from './front-door-client.js';
import { readJson, writeJson, type StateFolder } from './launcher/state-folder.js';
import { waitFor } from './wait-for.js';

const usersSchema = z.array(z.object({ owner: z.string(), password: z.string() }));

/** A user of the shop that is made at the first start, to try it with. */
export type SeededUser = z.infer<typeof usersSchema>[number];

const owners = ['alice', 'bob'];
const openingBalanceMinor = 10_000_000;
const seedTimeoutMs = 20_000;

const usersPath = (state: StateFolder): string => join(state.secretsFolder, 'users.json');

export function readUsers(state: StateFolder): SeededUser[] {
  const content = readJson(usersPath(state));
  return content === undefined ? [] : usersSchema.parse(content);
}

function readOrMakeUsers(state: StateFolder): SeededUser[] {
  const known = readUsers(state);
  if (known.length > 0) return known;
  const users = owners.map((owner) => ({ owner, password: randomBytes(12).toString('base64url') }));
  writeJson(usersPath(state), users, 0o600);
  return users;
}

/** Opens the accounts of the seeded users, where they are not open yet. */
export async function seedUsers(state: StateFolder, client: FrontDoorClient): Promise<SeededUser[]> {
  const users = readOrMakeUsers(state);
  await Promise.all(users.map((user) => openAccount(client, user)));
  return users;
}

async function openAccount(client: FrontDoorClient, user: SeededUser): Promise<void> {
  let last = '';
  const opened = await waitFor(
    async () => {
      const body = { ...user, openingBalanceMinor };
      const answer = await client.call({ method: 'POST', path: '/api/accounts', body });
      last = describeAnswer(answer);
      if (answer.kind === 'unknown') return undefined;
      if (answer.status === 201 || answer.status === 409) return true;
      throw new Failure(`The account of ${user.owner} cannot be opened: ${last}`);
    },
    { timeoutMs: seedTimeoutMs },
  );
  if (!opened) throw new Failure(`The account of ${user.owner} cannot be opened: ${last}`);
}
