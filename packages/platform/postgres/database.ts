import type { DatabaseConfig } from '../config/process-config.js';
import { Problem } from '../errors/problem.js';
import type { Logger } from '../logging/logger.js';
import type { Metrics } from '../metrics/metrics.js';
import { Cluster } from './cluster.js';
import type { Members } from './members.js';
import { parseLsn, type Position } from './position.js';
import type { Primary, PrimarySource, Refusal } from './primary-source.js';
import { SharedQuery } from './shared-query.js';
import type { Session, Sql, Statement } from './sql.js';
import { StandAloneServer } from './stand-alone-server.js';

export type { Refusal } from './primary-source.js';
export { hasSqlState, sqlState, type Session, type Sql, type Statement } from './sql.js';

const flushed: Statement<{ lsn: string }> = {
  name: 'position',
  text: 'SELECT pg_current_wal_flush_lsn()::text AS lsn',
};

/**
 * The current primary, whichever server it is. While there is none everything is refused as Problem `no-primary`, at once and
 * with nothing done; a primary that cannot be reached, or that may have been replaced before it answered, is
 * `upstream-unavailable`, and then nobody knows what was done.
 */
export class Database implements Sql {
  readonly poolSize: number;
  private readonly source: PrimarySource;
  private readonly flushed = new SharedQuery(() => this.askPosition());

  /** @param neighbour a database of the same servers, by whose watch this one goes */
  constructor(
    config: DatabaseConfig,
    applicationName: string,
    private readonly metrics: Metrics,
    logger: Logger,
    neighbour?: Database,
  ) {
    this.poolSize = config.poolSize;
    if (neighbour !== undefined) this.source = neighbour.source.beside(config);
    else if (config.members.length === 0)
      this.source = new StandAloneServer(config, applicationName, metrics, logger);
    else this.source = new Cluster(config, applicationName, metrics, logger);
  }

  get members(): Members {
    return this.source.members;
  }

  /** Where the primary is now. Holds the password. */
  get connectionString(): string {
    return this.primary().connectionString;
  }

  /** Resolves when writes are possible. @throws Error when they are not for long */
  start(): Promise<void> {
    return this.source.start();
  }

  async run<Row>(statement: Statement<Row>, values: readonly unknown[]): Promise<Row[]> {
    const { pool, trust } = this.primary();
    return pool.run(statement, values, trust);
  }

  /** Runs a command without parameters on its own; `name` is for the metrics. Returns the command tag. */
  async command(name: string, text: string): Promise<string> {
    const { pool, trust } = this.primary();
    return pool.command(name, text, trust);
  }

  /** Lends a connection to `work`. A connection whose work threw is closed, not reused: its state is unknown. */
  async session<T>(work: (session: Session) => Promise<T>): Promise<T> {
    const { pool, trust } = this.primary();
    return pool.session(work, trust);
  }

  /** Runs `work` in one transaction; commits when it resolves, rolls back when it throws. */
  async transaction<T>(work: (sql: Sql) => Promise<T>): Promise<T> {
    return this.session(async (session) => {
      const [, result] = await Promise.all([session.command('BEGIN'), work(session)]);
      await session.command('COMMIT');
      return result;
    });
  }

  /** Up to where the primary's log is on disk, asked after this call: whatever was acknowledged before is below it. */
  position(): Promise<Position> {
    return this.flushed.ask();
  }

  /** Why a write would be refused right now. */
  refusal(): Refusal | undefined {
    return this.source.refusal();
  }

  /** @throws Problem when not even an old state can be read */
  ping(): Promise<void> {
    return this.source.ping();
  }

  close(): Promise<void> {
    return this.source.close();
  }

  private async askPosition(): Promise<Position> {
    const { pool, trust, epoch } = this.primary();
    const [row] = await pool.run(flushed, [], trust);
    return { epoch, lsn: parseLsn(row?.lsn ?? '0/0') };
  }

  private primary(): Primary {
    const primary = this.source.current();
    if (primary !== undefined) return primary;
    this.metrics.databaseWritesRefused.inc({ code: 'no-primary' });
    throw new Problem('no-primary');
  }
}
