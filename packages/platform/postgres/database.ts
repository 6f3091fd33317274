import pg from 'pg';
import type { DatabaseConfig } from '../config/process-config.js';
import { Problem } from '../errors/problem.js';
import type { Logger } from '../logging/logger.js';
import { startTimer, type Metrics } from '../metrics/metrics.js';

/**
 * A statement with a name: PostgreSQL parses it once for each connection, and the metrics tell it apart.
 * `Row` is the shape of a row that it returns.
 */
export interface Statement<Row> {
  readonly name: string;
  readonly text: string;
  /** Only there to carry the type. */
  readonly row?: Row;
}

/** Where statements run: on the pool (each in a transaction of its own) or in a transaction. */
export interface Sql {
  run<Row>(statement: Statement<Row>, values: readonly unknown[]): Promise<Row[]>;
}

/** A connection of its own, for what belongs together. Statements are pipelined: they go out without waiting. */
export interface Session extends Sql {
  /** Runs a command without parameters (BEGIN, PREPARE TRANSACTION …) and returns its command tag. */
  command(text: string): Promise<string>;
}

// A lock that is waited for, or a transaction that was forgotten, must not take a connection away for ever.
const lockTimeoutMs = 2_000;
const statementTimeoutMs = 10_000;
const idleInTransactionTimeoutMs = 5_000;
const connectTimeoutMs = 3_000;

// bigint columns hold minor units and counts, all below 2^53, the largest integer that a number holds exactly.
const int8Oid = 20;
pg.types.setTypeParser(int8Oid, Number);

/** The one pool of a process. Failures to reach the server are thrown as Problem `upstream-unavailable`. */
export class Database implements Sql {
  private readonly pool: pg.Pool;
  readonly poolSize: number;

  constructor(
    config: DatabaseConfig,
    applicationName: string,
    private readonly metrics: Metrics,
    logger: Logger,
  ) {
    this.poolSize = config.poolSize;
    this.pool = new pg.Pool({
      connectionString: config.connectionString,
      max: config.poolSize,
      application_name: applicationName,
      connectionTimeoutMillis: connectTimeoutMs,
      idleTimeoutMillis: 30_000,
      keepAlive: true,
      pipeline: true,
      options: [
        `-c lock_timeout=${lockTimeoutMs}`,
        `-c statement_timeout=${statementTimeoutMs}`,
        `-c idle_in_transaction_session_timeout=${idleInTransactionTimeoutMs}`,
      ].join(' '),
    });
    // An idle connection that breaks is replaced at its next use; without a listener the process would end.
    this.pool.on('error', (error) => logger.warn({ err: error }, 'a database connection was lost'));
  }

  async run<Row>(statement: Statement<Row>, values: readonly unknown[]): Promise<Row[]> {
    return this.measured(statement.name, () =>
      this.query({ name: statement.name, text: statement.text, values: [...values] }),
    ) as Promise<Row[]>;
  }

  /** Runs a command without parameters on its own; `name` is for the metrics. Returns the command tag. */
  async command(name: string, text: string): Promise<string> {
    const elapsed = startTimer();
    try {
      const { command } = await translateFailure(this.query({ text }));
      this.metrics.sql.observe({ statement: name, outcome: 'success' }, elapsed());
      return command;
    } catch (error) {
      this.metrics.sql.observe({ statement: name, outcome: outcomeOf(error) }, elapsed());
      throw error;
    }
  }

  /** Lends a connection to `work`. A connection whose work threw is closed, not reused: its state is unknown. */
  async session<T>(work: (session: Session) => Promise<T>): Promise<T> {
    const client = await this.connect();
    let failed = true;
    try {
      const result = await work({
        run: async <Row>(statement: Statement<Row>, values: readonly unknown[]) =>
          this.measured(statement.name, () =>
            client.query({ name: statement.name, text: statement.text, values: [...values] }),
          ) as Promise<Row[]>,
        command: async (text) => (await translateFailure(client.query(text))).command,
      });
      failed = false;
      return result;
    } finally {
      client.release(failed);
    }
  }

  /** Runs `work` in one transaction; commits when it resolves, rolls back when it throws. */
  async transaction<T>(work: (sql: Sql) => Promise<T>): Promise<T> {
    return this.session(async (session) => {
      const [, result] = await Promise.all([session.command('BEGIN'), work(session)]);
      await session.command('COMMIT');
      return result;
    });
  }

  async ping(): Promise<void> {
    await this.run({ name: 'ping', text: 'SELECT 1' }, []);
  }

  async close(): Promise<void> {
    await this.pool.end();
  }

  /**
   * One statement on any connection. The pool's own `query` closes the connection at every error; one that has brought
   * an answer of the server is still good, and such answers are expected (a duplicate, nothing prepared).
   */
  private async query(config: pg.QueryConfig): Promise<pg.QueryResult> {
    const client = await this.pool.connect();
    let broken = true;
    try {
      const result = await client.query(config);
      broken = false;
      return result;
    } catch (error) {
      broken = !(error instanceof pg.DatabaseError);
      throw error;
    } finally {
      client.release(broken);
    }
  }

  private async connect(): Promise<pg.PoolClient> {
    return translateFailure(this.pool.connect());
  }

  private async measured<Row extends pg.QueryResultRow>(
    name: string,
    query: () => Promise<pg.QueryResult<Row>>,
  ): Promise<Row[]> {
    const elapsed = startTimer();
    try {
      const result = await translateFailure(query());
      this.metrics.sql.observe({ statement: name, outcome: 'success' }, elapsed());
      return result.rows;
    } catch (error) {
      this.metrics.sql.observe({ statement: name, outcome: outcomeOf(error) }, elapsed());
      throw error;
    }
  }
}

/** SQLSTATEs that protocol code tells apart (PostgreSQL 18, appendix A). */
export const sqlState = {
  uniqueViolation: '23505',
  undefinedObject: '42704',
  duplicateObject: '42710',
  lockNotAvailable: '55P03',
  queryCanceled: '57014',
  objectNotInPrerequisiteState: '55000',
} as const;

export function hasSqlState(error: unknown, state: string): boolean {
  return error instanceof pg.DatabaseError && error.code === state;
}

function outcomeOf(error: unknown): 'timeout' | 'failure' {
  const waited = hasSqlState(error, sqlState.lockNotAvailable) || hasSqlState(error, sqlState.queryCanceled);
  return waited ? 'timeout' : 'failure';
}

async function translateFailure<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (cause) {
    // Class 08 is a broken connection, class 57P a server that shuts down or starts; anything that carries no
    // SQLSTATE never came from the server.
    const state = cause instanceof pg.DatabaseError ? cause.code : undefined;
    if (state !== undefined && !state.startsWith('08') && !state.startsWith('57P') && state !== '53300')
      throw cause;
    throw new Problem('upstream-unavailable', 'The database cannot be reached', { cause });
  }
}
