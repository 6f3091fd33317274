import { readdir } from 'node:fs/promises';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import type { Logger } from '../logging/logger.js';

/** Any number will do, as long as every copy takes the same. */
const advisoryLock = 7_415_000;

const connectTimeoutMs = 5_000;
/** Of a migration, and of waiting for another copy's; a server that is paused answers never. */
const stepTimeoutMs = 60_000;

/** dist/packages/platform/postgres is four folders below the project. */
const projectRoot = fileURLToPath(new URL('../../../../', import.meta.url));

/**
 * Brings `schema` up to date with the SQL files of `directory` (relative to the project). Copies that start at
 * the same time take turns under an advisory lock, so one migrates and the others find nothing left to do.
 */
export async function migrate(
  server: { readonly connectionString: string },
  schema: string,
  directory: string,
  logger: Logger,
): Promise<void> {
  const client = new pg.Client({
    connectionString: server.connectionString,
    connectionTimeoutMillis: connectTimeoutMs,
    query_timeout: stepTimeoutMs,
  });
  // One that breaks tells its query, too; without a listener the process would end.
  client.on('error', () => undefined);
  await client.connect();
  try {
    await client.query('SELECT pg_advisory_lock($1)', [advisoryLock]);
    if (await isUpToDate(client, schema, directory)) return;
    // Loaded here and not at the top: at most starts there is nothing to migrate, and it takes 0.3 s to load.
    const { runner } = await import('node-pg-migrate');
    const applied = await runner({
      dbClient: client,
      dir: `${projectRoot}${directory}`,
      direction: 'up',
      migrationsTable: 'migrations',
      migrationsSchema: schema,
      createMigrationsSchema: true,
      schema,
      createSchema: true,
      noLock: true,
      log: () => undefined,
    });
    if (applied.length > 0)
      logger.info({ schema, migrations: applied.map(({ name }) => name) }, 'schema migrated');
  } finally {
    await client.end();
  }
}

async function isUpToDate(client: pg.Client, schema: string, directory: string): Promise<boolean> {
  const table = `${schema}.migrations`;
  const { rows: existing } = await client.query<{ found: string | null }>('SELECT to_regclass($1) AS found', [
    table,
  ]);
  if ((existing[0]?.found ?? null) === null) return false;
  const { rows } = await client.query<{ name: string }>(`SELECT name FROM ${table}`);
  const applied = new Set(rows.map(({ name }) => name));
  const files = await readdir(`${projectRoot}${directory}`);
  return files.every((file) => applied.has(basename(file, '.sql')));
}
