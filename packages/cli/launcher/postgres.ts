import { execFile } from 'node:child_process';
import { chownSync, existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Client } from 'pg';

import { Failure } from '../failure.js';
import { waitFor } from '../wait-for.js';
import type { DataFolders } from './data-folder.js';
import { listProcesses, workingFolder } from './process-table.js';
import { postgresAnswers } from './readiness.js';
import { readOrMakeSecret, type StateFolder } from './state-folder.js';
import type { ProcessPlan } from './supervisor.js';

const superuser = 'postgres';

/** Sessions beyond the services' pools: the launcher, a person with psql, tests, pgbench with 64 clients. */
const spareConnections = 80;

const passwordPath = (state: StateFolder, role: string): string =>
  join(state.secretsFolder, `database-${role}.password`);

export interface PostgresSettings {
  readonly port: number;
  readonly poolConnections: number;
  readonly maxPreparedTransactions: number;
  readonly sharedBuffersMb: number;
}

const clusterFolder = (folders: DataFolders): string => join(folders.dataFolder, 'postgres');

export function clusterExists(folders: DataFolders): boolean {
  return existsSync(clusterFolder(folders));
}

/** Makes the cluster. It gets its final name when it is complete, so that a half-made one is never used. */
export async function createCluster(state: StateFolder, folders: DataFolders): Promise<void> {
  const { user, dataFolder, postgresFolder } = folders;
  const unfinished = join(dataFolder, 'postgres.unfinished');
  const passwordFile = join(dataFolder, 'superuser.password');
  rmSync(unfinished, { recursive: true, force: true });
  writeFileSync(passwordFile, readOrMakeSecret(passwordPath(state, superuser)), { mode: 0o600 });
  if (user) chownSync(passwordFile, user.uid, user.gid);
  const args = ['-D', unfinished, '-U', superuser, '-A', 'scram-sha-256', `--pwfile=${passwordFile}`];
  try {
    await promisify(execFile)(
      join(postgresFolder, 'bin/initdb'),
      [...args, '--no-locale', '-E', 'UTF8', '--no-instructions'],
      { cwd: dataFolder, env: postgresEnvironment(), ...(user && { uid: user.uid, gid: user.gid }) },
    );
  } catch (cause) {
    throw new Failure(
      `PostgreSQL's initdb failed: ${cause instanceof Error ? cause.message : String(cause)}`,
    );
  } finally {
    rmSync(passwordFile, { force: true });
  }
  renameSync(unfinished, clusterFolder(folders));
}

export function planPostgres(folders: DataFolders, settings: PostgresSettings): ProcessPlan {
  const cluster = clusterFolder(folders);
  const options: Record<string, string | number> = {
    port: settings.port,
    listen_addresses: '127.0.0.1',
    // A socket's path is limited to 107 characters, which a state folder may exceed; TCP has no such limit.
    unix_socket_directories: '',
    max_connections: settings.poolConnections + spareConnections,
    max_prepared_transactions: settings.maxPreparedTransactions,
    shared_buffers: `${settings.sharedBuffersMb}MB`,
    wal_level: 'replica',
    jit: 'off',
    // One disk and two cores: workers for reading ahead cost memory and gain nothing.
    io_method: 'sync',
    max_parallel_workers_per_gather: 0,
    autovacuum_max_workers: 2,
  };
  return {
    name: 'postgres',
    kind: 'postgres',
    port: settings.port,
    command: join(folders.postgresFolder, 'bin/postgres'),
    args: ['-D', cluster, ...Object.entries(options).flatMap(([key, value]) => ['-c', `${key}=${value}`])],
    environment: postgresEnvironment(),
    workingFolder: folders.dataFolder,
    user: folders.user,
    // Fast shutdown: sessions are ended, and a checkpoint makes the next start quick.
    stopSignal: 'SIGINT',
    startAttempts: 5,
    isReady: () => postgresAnswers(settings.port),
    beforeStart: () => clearPredecessor(cluster),
  };
}

function postgresEnvironment(): Record<string, string> {
  return { PATH: process.env['PATH'] ?? '', LC_ALL: 'C', TZ: 'UTC' };
}

const predecessorTimeoutMs = 5_000;

/**
 * After a kill -9 the sessions of the dead server live on for a moment and hold its shared memory, and its
 * pid file names a pid that may meanwhile belong to another program: PostgreSQL refuses to start on either.
 */
async function clearPredecessor(cluster: string): Promise<void> {
  const remaining = (): number[] =>
    listProcesses()
      .filter(({ command, pid }) => command === 'postgres' && workingFolder(pid) === cluster)
      .map(({ pid }) => pid);
  const gone = await waitFor(() => remaining().length === 0, {
    timeoutMs: predecessorTimeoutMs,
    intervalMs: 20,
  });
  if (!gone) {
    for (const pid of remaining()) process.kill(pid, 'SIGKILL');
    await waitFor(() => remaining().length === 0, { timeoutMs: predecessorTimeoutMs, intervalMs: 20 });
  }
  const pidFile = join(cluster, 'postmaster.pid');
  if (!existsSync(pidFile)) return;
  const pid = Number(readFileSync(pidFile, 'utf8').split('\n')[0]);
  const holder = listProcesses().find((entry) => entry.pid === pid);
  if (holder?.command !== 'postgres') rmSync(pidFile, { force: true });
}

/** Makes a role and a database of its own for each name, with a password that is kept in the state folder. */
export async function createDatabases(
  state: StateFolder,
  port: number,
  databases: readonly string[],
): Promise<void> {
  const client = new Client({
    host: '127.0.0.1',
    port,
    user: superuser,
    database: 'postgres',
    password: readOrMakeSecret(passwordPath(state, superuser)),
  });
  await client.connect();
  try {
    for (const name of databases)
      await createDatabase(client, name, readOrMakeSecret(passwordPath(state, name)));
  } finally {
    await client.end();
  }
}

/** The schema of the values allows only letters, digits and _ in `name`; the password is hexadecimal. */
async function createDatabase(client: Client, name: string, password: string): Promise<void> {
  const role = await client.query('SELECT 1 FROM pg_roles WHERE rolname = $1', [name]);
  await client.query(
    `${role.rowCount === 0 ? 'CREATE' : 'ALTER'} ROLE "${name}" LOGIN PASSWORD '${password}'`,
  );
  const database = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [name]);
  if (database.rowCount !== 0) return;
  await client.query(`CREATE DATABASE "${name}" OWNER "${name}"`);
  await client.query(`REVOKE ALL ON DATABASE "${name}" FROM PUBLIC`);
}

export function databaseEnvironment(
  state: StateFolder,
  port: number,
  database: string,
  poolSize: number,
): Record<string, string> {
  return {
    TRISTATE_DATABASE_URL: `postgres://${database}@127.0.0.1:${port}/${database}`,
    TRISTATE_DATABASE_PASSWORD_FILE: passwordPath(state, database),
    TRISTATE_DATABASE_POOL_SIZE: String(poolSize),
  };
}
