import { fileURLToPath } from 'node:url';
import pg from 'pg';
import type { DatabaseConfig } from '../config/process-config.js';
import type { Logger } from '../logging/logger.js';

/** Any number will do, as long as every copy takes the same. */
const advisoryLock = 7_415_000;

/** dist/packages/platform/postgres is four folders below the project. */
const projectRoot = fileURLToPath(new URL('../../../../', import.meta.url));

/**
 * Brings `schema` up to date with the SQL files of `directory` (relative to the project). Copies that start at
 * the same time take turns under an advisory lock, so one migrates and the others find nothing left to do.
 */
export async function migrate(
  config: DatabaseConfig,
  schema: string,
  directory: string,
  logger: Logger,
): Promise<void> {
  const client = new pg.Client({ connectionString: config.connectionString });
  await client.connect();
  try {
    await client.query('SELECT pg_advisory_lock($1)', [advisoryLock]);
    // Loaded here, since it is needed for a moment of the process's life only.
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
    if (applied.length > 0) logger.info({ schema, migrations: applied.map(({ name }) => name) }, 'schema migrated');
  } finally {
    await client.end();
  }
}
