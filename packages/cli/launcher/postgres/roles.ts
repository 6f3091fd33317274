import { chownSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client } from 'pg';

import {
  clusterDatabase,
  replicatorRole,
  slotOf,
  supervisorRole,
} from '#platform/postgres/replication-names.js';

import type { DataFolders } from '../data-folder.js';
import type { ContextDatabaseNames } from '../plan.js';
import { readOrMakeSecret, type StateFolder } from '../state-folder.js';

export const superuser = 'postgres';

const passwordPath = (state: StateFolder, role: string): string =>
  join(state.secretsFolder, `database-${role}.password`);

/** Made at its first use, and kept in the state folder. */
export function passwordOf(state: StateFolder, role: string): string {
  return readOrMakeSecret(passwordPath(state, role));
}

const connectTimeoutMs = 5_000;

/**
 * Runs `work` in a session of the superuser that writes on the primary also while no replica confirms it, and while the
 * supervisor has made the server read-only.
 */
export async function asSuperuser<T>(
  state: StateFolder,
  port: number,
  work: (client: Client) => Promise<T>,
): Promise<T> {
  const client = new Client({
    host: '127.0.0.1',
    port,
    user: superuser,
    database: 'postgres',
    password: passwordOf(state, superuser),
    application_name: 'launcher',
    connectionTimeoutMillis: connectTimeoutMs,
    options: '-c synchronous_commit=local -c default_transaction_read_only=off',
  });
  // One that breaks tells its query, too; without a listener the process would end.
  client.on('error', () => undefined);
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/** Whether the server is a primary. */
export function isWritable(state: StateFolder, port: number): Promise<boolean> {
  return asSuperuser(state, port, async (client) => {
    const answer = await client.query<{ replica: boolean }>('SELECT pg_is_in_recovery() AS replica');
    return answer.rows[0]?.replica === false;
  });
}

/** Makes a role and a database of its own for each name, with a password that is kept in the state folder. */
export async function createDatabases(
  state: StateFolder,
  port: number,
  databases: readonly string[],
): Promise<void> {
  await asSuperuser(state, port, async (client) => {
    for (const name of databases) {
      await createRole(client, name, passwordOf(state, name), 'LOGIN');
      await createDatabase(client, name, name);
    }
  });
}

/**
 * Makes what replicas and the supervisor log in as, and the supervisor's database, into which every service may look to
 * see who holds the lease.
 */
export async function createClusterRoles(
  state: StateFolder,
  port: number,
  { services, members }: { readonly services: readonly string[]; readonly members: readonly string[] },
): Promise<void> {
  await asSuperuser(state, port, async (client) => {
    await createRole(client, replicatorRole, passwordOf(state, replicatorRole), 'LOGIN REPLICATION');
    await createRole(client, supervisorRole, passwordOf(state, supervisorRole), 'LOGIN SUPERUSER');
    await createDatabase(client, clusterDatabase, supervisorRole);
    for (const role of services)
      await client.query(`GRANT CONNECT ON DATABASE ${clusterDatabase} TO "${role}"`);
    // A replica that is no longer there must not keep WAL.
    await client.query(
      `SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots
       WHERE slot_type = 'physical' AND NOT active AND slot_name <> ALL ($1)`,
      [members.map(slotOf)],
    );
  });
}

/** The schema of the values allows only letters, digits and _ in `name`; the password is hexadecimal. */
async function createRole(client: Client, name: string, password: string, rights: string): Promise<void> {
  const role = await client.query('SELECT 1 FROM pg_roles WHERE rolname = $1', [name]);
  // Stretching is for passwords that can be guessed, not for 32 random bytes, and every new connection pays for it.
  await client.query('SET scram_iterations = 1');
  await client.query(
    `${role.rowCount === 0 ? 'CREATE' : 'ALTER'} ROLE "${name}" ${rights} PASSWORD '${password}'`,
  );
}

async function createDatabase(client: Client, name: string, owner: string): Promise<void> {
  const database = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [name]);
  if (database.rowCount !== 0) return;
  await client.query(`CREATE DATABASE "${name}" OWNER "${owner}"`);
  await client.query(`REVOKE ALL ON DATABASE "${name}" FROM PUBLIC`);
}

export const passwordFileName = 'replicator.pgpass';

/** Writes the file from which the servers take the password with which they log in at the primary. */
export function writeReplicatorPassword(state: StateFolder, { dataFolder, user }: DataFolders): void {
  const path = join(dataFolder, passwordFileName);
  writeFileSync(path, `*:*:*:${replicatorRole}:${passwordOf(state, replicatorRole)}\n`, { mode: 0o600 });
  if (user) chownSync(path, user.uid, user.gid);
}

/** What a process is told of the database that it uses. */
export interface DatabaseAccess {
  readonly database: string;
  readonly role: string;
  readonly poolSize: number;
  readonly port: number;
}

/** `account=account;orders=order_1,order_2` */
function contextsText(contexts: ContextDatabaseNames): string {
  return Object.entries(contexts)
    .map(([context, names]) => `${context}=${names.join(',')}`)
    .join(';');
}

/** What a process is told that has several databases: the process puts the name of each in place of `{database}`. */
export function contextsEnvironment(
  state: StateFolder,
  contexts: ContextDatabaseNames,
  { poolSize, port }: Pick<DatabaseAccess, 'poolSize' | 'port'>,
): Record<string, string> {
  for (const role of Object.values(contexts).flat()) passwordOf(state, role);
  return {
    TRISTATE_DATABASE_URL: `postgres://{database}@127.0.0.1:${port}/{database}`,
    TRISTATE_DATABASE_PASSWORD_FILE: passwordPath(state, '{database}'),
    TRISTATE_DATABASE_CONTEXTS: contextsText(contexts),
    TRISTATE_DATABASE_POOL_SIZE: String(poolSize),
  };
}

export function databaseEnvironment(
  state: StateFolder,
  { database, role, poolSize, port }: DatabaseAccess,
): Record<string, string> {
  passwordOf(state, role);
  return {
    TRISTATE_DATABASE_URL: `postgres://${role}@127.0.0.1:${port}/${database}`,
    TRISTATE_DATABASE_PASSWORD_FILE: passwordPath(state, role),
    TRISTATE_DATABASE_POOL_SIZE: String(poolSize),
  };
}
