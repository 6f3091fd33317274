import type { Logger } from '../logging/logger.js';
import type { Database } from '../postgres/database.js';
import { migrate } from '../postgres/migrations.js';

/** A schema of a service's database, and the folder (from the project's root) of its migrations. */
export interface SchemaMigrations {
  readonly schema: string;
  readonly directory: string;
}

/**
 * Keeps a service's schemas up to date: also in a primary that was promoted before the latest migration had come to it.
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
