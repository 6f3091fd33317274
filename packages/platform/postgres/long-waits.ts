import pg from 'pg';
import { destroySocket } from './server-pool.js';

/** How long a write may wait for a synchronous replica; then it ends unconfirmed. */
const synchronousWaitMs = 2_000;
const connectTimeoutMs = 2_000;
const queryTimeoutMs = 2_000;

/**
 * PostgreSQL bounds no wait for a synchronous replica: neither statement_timeout nor a client that goes away ends it, and
 * meanwhile the transaction holds its locks. A wait that is cancelled ends with a warning (see server-pool.ts). A role may cancel its
 * own waits alone.
 */
export const cancelText = `
  SELECT count(pg_cancel_backend(pid)) FROM pg_stat_activity
  WHERE usename = current_user AND wait_event = 'SyncRep'
    AND query_start < clock_timestamp() - interval '${synchronousWaitMs} milliseconds'`;

/** Ends the long waits of one role at one server, on a connection of its own, since its pool may be full of those that wait. */
export class LongWaits {
  private client: pg.Client | undefined;
  private isBusy = false;
  private closed = false;

  constructor(
    private readonly connectionString: string,
    private readonly applicationName: string,
  ) {}

  /** Looks once, unless it still does; a look that fails is repeated by the next call. */
  end(): void {
    if (!this.isBusy && !this.closed) void this.look();
  }

  close(): void {
    this.closed = true;
    this.drop();
  }

  private async look(): Promise<void> {
    this.isBusy = true;
    try {
      this.client ??= await this.connect();
      await this.client.query(cancelText);
    } catch {
      this.drop();
    }
    this.isBusy = false;
    if (this.closed) this.drop();
  }

  private async connect(): Promise<pg.Client> {
    const client = new pg.Client({
      connectionString: this.connectionString,
      application_name: this.applicationName,
      connectionTimeoutMillis: connectTimeoutMs,
      query_timeout: queryTimeoutMs,
      keepAlive: true,
    });
    client.on('error', () => undefined);
    await client.connect();
    return client;
  }

  private drop(): void {
    if (this.client !== undefined) destroySocket(this.client);
    this.client = undefined;
  }
}
