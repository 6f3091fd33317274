import { contextNames } from '../config/database-config.js';
import type { ContextDatabases } from '../contexts/context-databases.js';
import type { Logger } from '../logging/logger.js';
import type { Database } from '../postgres/database.js';
import { migrate } from '../postgres/migrations.js';

/** A schema, which is a context's when it has its name, and the folder (from the project's root) of its migrations. */
export interface SchemaMigrations {
  readonly schema: string;
  readonly directory: string;
}

/** Which schemas belong into which database: a context's into each of its shards, what is no context's into the first. */
export function schemasByDatabase(
  migrations: readonly SchemaMigrations[],
  databases: ContextDatabases,
): ReadonlyMap<Database, readonly SchemaMigrations[]> {
  const placed = new Map<Database, SchemaMigrations[]>();
  for (const migration of migrations) {
    const context = contextNames.find((name) => name === migration.schema);
    for (const { database } of context === undefined ? [databases.first] : databases.shardsOf(context))
      placed.set(database, [...(placed.get(database) ?? []), migration]);
  }
  return placed;
}

/**
 * Keeps the schemas of a database up to date: also in a primary that was promoted before the latest migration had come to it.
 */
export class Schemas {
  private latest = Promise.resolve();

  constructor(
    private readonly database: Database,
    private readonly schemas: readonly SchemaMigrations[],
    private readonly logger: Logger,
  ) {}

  /** Resolves when the primary has them; waits for one. */
  async bringUpToDate(): Promise<void> {
    await this.migrateAll();
    this.database.members.onEpoch(() => {
      this.latest = this.latest.then(() => this.migrateAgain());
    });
  }

  private async migrateAll(): Promise<void> {
    const { database, schemas, logger } = this;
    for (let epoch = -1; epoch !== database.members.epoch;) {
      await database.start();
      ({ epoch } = database.members);
      for (const { schema, directory } of schemas) await migrate(database, schema, directory, logger);
    }
  }

  private async migrateAgain(): Promise<void> {
    try {
      await this.migrateAll();
    } catch (error) {
      this.logger.error({ err: error }, 'the schemas of a new primary could not be looked at');
    }
  }
}
