import pg from 'pg';
import { Problem } from '../errors/problem.js';
import type { Logger } from '../logging/logger.js';
import { startTimer, type Metrics } from '../metrics/metrics.js';
import { hasSqlState, isConnectionFailure, sqlState, type Session, type Statement } from './sql.js';

// A lock that is waited for, or a transaction that was forgotten, must not take a connection away for ever.
const lockTimeoutMs = 2_000;
const statementTimeoutMs = 10_000;
const idleInTransactionTimeoutMs = 5_000;
const connectTimeoutMs = 3_000;

export interface ServerPoolParts {
  readonly connectionString: string;
  readonly size: number;
  readonly applicationName: string;
  readonly metrics: Metrics;
  readonly logger: Logger;
}

/** Until when, by this process's monotonic clock, what the server answers is believed. */
export interface Trust {
  untilMs: number;
}

/** In a server that cannot be replaced, or that is only read. */
export const unlimitedTrust: Trust = { untilMs: Infinity };

/**
 * Connections to one server. A server that cannot be reached, or whose answer came too late to be believed, is thrown as
 * Problem `upstream-unavailable`; a write that no replica has confirmed as `write-unconfirmed`.
 */
export class ServerPool {
  private readonly pool: pg.Pool;
  private readonly clients = new Set<pg.PoolClient>();
  /** Connections that are lent out. */
  private readonly busy = new Set<pg.PoolClient>();
  private isDestroyed = false;
  /** Who waits for a connection. */
  private readonly waiting = new Set<(problem: Problem) => void>();
  /** Connections whose latest commit is in the primary alone. */
  private readonly unconfirmed = new Set<pg.PoolClient>();
  private readonly metrics: Metrics;

  constructor({ connectionString, size, applicationName, metrics, logger }: ServerPoolParts) {
    this.metrics = metrics;
    this.pool = new pg.Pool({
      connectionString,
      max: size,
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
    this.pool.on('connect', (client) => {
      this.clients.add(client);
      // One that breaks while it is lent out tells its query, too; without a listener the process would end.
      client.on('error', () => undefined);
      client.on('notice', (notice) => {
        if (isCancelledWait(notice)) this.unconfirmed.add(client);
      });
    });
    this.pool.on('acquire', (client) => this.busy.add(client));
    this.pool.on('release', (_, client) => this.busy.delete(client));
    this.pool.on('remove', (client) => {
      this.clients.delete(client);
      this.busy.delete(client);
      this.unconfirmed.delete(client);
    });
    // An idle connection that breaks is replaced at its next use; the same holds for it.
    this.pool.on('error', (error) => logger.warn({ err: error }, 'a database connection was lost'));
  }

  async run<Row>(statement: Statement<Row>, values: readonly unknown[], trust: Trust): Promise<Row[]> {
    const { name, text } = statement;
    const { rows } = await this.measured(name, trust, { name, text, values: [...values] });
    return rows as Row[];
  }

  /** Runs a command without parameters on its own; `name` is for the metrics. Returns the command tag. */
  async command(name: string, text: string, trust: Trust): Promise<string> {
    const { command } = await this.measured(name, trust, { text });
    return command;
  }

  /** Lends a connection to `work`. A connection whose work threw is closed, not reused: its state is unknown. */
  async session<T>(work: (session: Session) => Promise<T>, trust: Trust): Promise<T> {
    const client = await this.acquire();
    let failed = true;
    try {
      const result = await work(this.sessionOf(client, trust));
      failed = false;
      return result;
    } finally {
      client.release(failed);
    }
  }

  /** A statement between two others, all sent at once on one connection. */
  async between<Row, Around>(
    around: Statement<Around>,
    statement: Statement<Row>,
    values: readonly unknown[],
  ): Promise<{ before: Around[]; rows: Row[]; after: Around[] }> {
    return this.session(async (session) => {
      const [before, rows, after] = await Promise.all([
        session.run(around, []),
        session.run(statement, values),
        session.run(around, []),
      ]);
      return { before, rows, after };
    }, unlimitedTrust);
  }

  async close(): Promise<void> {
    await this.pool.end();
  }

  /**
   * Closes every connection at once, also those that are lent out: what runs on them ends with an unknown outcome.
   *
   * @param why for those who still wait for a connection
   */
  destroy(why: 'no-primary' | 'upstream-unavailable'): void {
    this.isDestroyed = true;
    this.refuseWaiting(why);
    // Resolves when the last has been given back; nobody waits for that.
    this.pool.end().catch(() => undefined);
    for (const client of this.clients) destroySocket(client);
  }

  /**
   * Ends what is under way, and keeps the connections on which nothing is. Opening all of them anew would cost a server that was only
   * too busy for a moment more than what it was busy with.
   *
   * @param why for those who still wait for a connection
   */
  interrupt(why: 'no-primary'): void {
    this.refuseWaiting(why);
    for (const client of this.busy) destroySocket(client);
  }

  private refuseWaiting(why: 'no-primary' | 'upstream-unavailable'): void {
    for (const reject of this.waiting) reject(new Problem(why));
    this.waiting.clear();
  }

  private sessionOf(client: pg.PoolClient, trust: Trust): Session {
    return {
      run: async <Row>(statement: Statement<Row>, values: readonly unknown[]) => {
        const { name, text } = statement;
        const { rows } = await this.measured(name, trust, { name, text, values: [...values] }, client);
        return rows as Row[];
      },
      command: async (text) => {
        try {
          const { command } = await client.query(text);
          this.believe(client, trust);
          return command;
        } catch (error) {
          throw this.translate(error, trust);
        }
      },
    };
  }

  private async measured(
    name: string,
    trust: Trust,
    config: pg.QueryConfig,
    lent?: pg.PoolClient,
  ): Promise<pg.QueryResult> {
    const elapsed = startTimer();
    try {
      const result = await (lent === undefined ? this.query(config, trust) : lent.query(config));
      if (lent !== undefined) this.believe(lent, trust);
      this.metrics.sql.observe({ statement: name, outcome: 'success' }, elapsed());
      return result;
    } catch (error) {
      this.metrics.sql.observe({ statement: name, outcome: outcomeOf(error) }, elapsed());
      throw this.translate(error, trust);
    }
  }

  /**
   * One statement on any connection. The pool's own `query` closes the connection at every error; one that has brought
   * an answer of the server is still good, and such answers are expected (a duplicate, nothing prepared).
   */
  private async query(config: pg.QueryConfig, trust: Trust): Promise<pg.QueryResult> {
    const client = await this.acquire();
    let broken = true;
    try {
      const result = await client.query(config);
      broken = false;
      this.believe(client, trust);
      return result;
    } catch (error) {
      if (error instanceof pg.DatabaseError) broken = false;
      throw error;
    } finally {
      client.release(broken);
    }
  }

  private acquire(): Promise<pg.PoolClient> {
    return new Promise((resolve, reject) => {
      this.waiting.add(reject);
      this.pool.connect((error, client, release) => {
        if (!this.waiting.delete(reject)) {
          // Who waited was refused meanwhile. There is no connection when the waiting ended in time.
          if (client !== undefined) release(this.isDestroyed);
          return;
        }
        if (client === undefined) reject(this.translate(error, unlimitedTrust));
        else resolve(client);
      });
    });
  }

  /** @throws Problem when what was answered must not be taken for true */
  private believe(client: pg.PoolClient, trust: Trust): void {
    if (this.unconfirmed.size > 0 && this.unconfirmed.delete(client)) {
      this.metrics.databaseWritesUnconfirmed.inc();
      throw new Problem('write-unconfirmed');
    }
    if (performance.now() > trust.untilMs) throw this.disbelief();
  }

  private disbelief(): Problem {
    this.metrics.databaseAnswersNotBelieved.inc();
    return new Problem('upstream-unavailable', 'The database may have been replaced before it answered');
  }

  private translate(cause: unknown, trust: Trust): Error {
    if (cause instanceof Problem) return cause;
    // A replica, or a primary that is fenced: it was one when it was chosen.
    if (hasSqlState(cause, sqlState.readOnlyTransaction))
      return new Problem('no-primary', undefined, { cause });
    if (cause instanceof pg.DatabaseError && !isConnectionFailure(cause.code))
      return performance.now() > trust.untilMs ? this.disbelief() : cause;
    return new Problem('upstream-unavailable', 'The database cannot be reached', { cause });
  }
}

function outcomeOf(error: unknown): 'timeout' | 'failure' {
  const waited = hasSqlState(error, sqlState.lockNotAvailable) || hasSqlState(error, sqlState.queryCanceled);
  return waited ? 'timeout' : 'failure';
}

/**
 * PostgreSQL answers a commit whose wait for a synchronous replica was cancelled with success and this warning. Its text is
 * translated to the server's language; the routine that wrote it is not (src/backend/replication/syncrep.c).
 */
function isCancelledWait({ routine }: { readonly routine?: string | undefined }): boolean {
  return routine === 'SyncRepWaitForLSN';
}

/** pg's own `end` waits for the answers that are under way, which a paused server never gives. */
export function destroySocket(client: pg.ClientBase): void {
  const { connection } = client as unknown as { connection: { stream: { destroy(): void } } };
  connection.stream.destroy();
}
