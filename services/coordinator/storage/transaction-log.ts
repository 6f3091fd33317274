import type { Logger } from '#platform/logging/logger.js';
import type { Metrics } from '#platform/metrics/metrics.js';
import type { Sql, Statement } from '#platform/postgres/database.js';
import type { Transaction, TransactionLog } from '#platform/runtime/transaction-runtime.js';
import type { LogRecord, Outcome } from '#protocols/commit/messages.js';

interface LogRow {
  gid: string;
  kind: LogRecord['kind'];
  body: { protocol?: Transaction['protocol']; branches?: Transaction['branches']; code?: string } | null;
}

interface Waiting {
  readonly gid: string;
  readonly kind: string;
  readonly body: string | null;
  readonly written: () => void;
}

const write: Statement<never> = {
  name: 'log-write',
  text: `
    INSERT INTO coordinator.log (gid, kind, body)
    SELECT gid, kind, body::jsonb FROM unnest($1::uuid[], $2::text[], $3::text[]) AS record (gid, kind, body)
    ON CONFLICT DO NOTHING`,
};

const readOpen: Statement<LogRow> = {
  name: 'log-open',
  text: `
    SELECT gid::text, kind, body FROM coordinator.log AS record
    WHERE NOT EXISTS (SELECT FROM coordinator.log AS ended WHERE ended.gid = record.gid AND ended.kind = 'end')
    ORDER BY gid, kind <> 'begin'`,
};

const readOne: Statement<LogRow> = {
  name: 'log-transaction',
  text: 'SELECT gid::text, kind, body FROM coordinator.log WHERE gid = $1',
};

/** Records of one write; more wait for the next. */
const mostAtOnce = 256;
/** How long a record that nobody waits for may stay in memory. */
const lazyMs = 20;
const firstRetryMs = 100;
const longestRetryMs = 2_000;

/**
 * The coordinator's log in PostgreSQL, with group commit: what arrives while a write is under way goes out in the
 * next one, so that many transactions share one flush to disk. A write that fails is repeated for ever, since
 * nothing may be decided that is not logged.
 */
export class GroupCommitLog implements TransactionLog {
  private waiting: Waiting[] = [];
  private writing = false;
  private lazy: NodeJS.Timeout | undefined;
  /** Resolves when every record that was appended so far is on disk. */
  private allWritten = Promise.resolve();

  constructor(
    private readonly sql: Sql,
    private readonly metrics: Metrics,
    private readonly logger: Logger,
  ) {}

  append(transaction: Transaction, record: LogRecord, forced: boolean): Promise<void> {
    this.allWritten = new Promise((written) => {
      const { gid } = transaction;
      this.waiting.push({ gid, kind: record.kind, body: bodyOf(transaction, record), written });
      if (this.writing) return;
      if (forced) void this.writeAll();
      else this.lazy ??= setTimeout(() => void this.writeAll(), lazyMs);
    });
    return this.allWritten;
  }

  /** The transactions that had not ended, with their records in the order of writing. */
  async readOpen(): Promise<{ transaction: Transaction; records: LogRecord[] }[]> {
    const byGid = new Map<string, { transaction: Transaction; records: LogRecord[] }>();
    for (const row of await this.sql.run(readOpen, [])) {
      if (row.kind === 'begin') {
        const { protocol = 'saga', branches = [] } = row.body ?? {};
        byGid.set(row.gid, {
          transaction: { gid: row.gid, protocol, branches },
          records: [{ kind: 'begin' }],
        });
      } else {
        byGid.get(row.gid)?.records.push(toRecord(row));
      }
    }
    return [...byGid.values()];
  }

  /**
   * How a transaction ended; undefined when it has not, or was never heard of. An end record that is still on its
   * way to the disk counts: a transaction that has ended must not begin again, since it could then be aborted.
   */
  async outcomeOf(gid: string): Promise<Outcome | undefined> {
    await this.allWritten;
    const rows = await this.sql.run(readOne, [gid]);
    if (!rows.some(({ kind }) => kind === 'end')) return undefined;
    const aborted = rows.find(({ kind }) => kind === 'abort');
    return aborted === undefined
      ? { outcome: 'committed' }
      : { outcome: 'aborted', code: aborted.body?.code ?? '' };
  }

  private async writeAll(): Promise<void> {
    clearTimeout(this.lazy);
    this.lazy = undefined;
    this.writing = true;
    while (this.waiting.length > 0) {
      const group = this.waiting.slice(0, mostAtOnce);
      this.waiting = this.waiting.slice(mostAtOnce);
      await this.writeGroup(group);
      for (const { written } of group) written();
    }
    this.writing = false;
  }

  private async writeGroup(group: readonly Waiting[]): Promise<void> {
    const values = [
      group.map(({ gid }) => gid),
      group.map(({ kind }) => kind),
      group.map(({ body }) => body),
    ];
    for (let delayMs = firstRetryMs; ; delayMs = Math.min(longestRetryMs, delayMs * 2)) {
      try {
        await this.sql.run(write, values);
        this.metrics.logRecords.inc(group.length);
        this.metrics.logWrites.inc();
        return;
      } catch (error) {
        this.logger.error(
          { err: error, records: group.length },
          'the transaction log cannot be written; trying again',
        );
        await new Promise((resolve) => setTimeout(resolve, delayMs));
      }
    }
  }
}

function bodyOf({ protocol, branches }: Transaction, record: LogRecord): string | null {
  if (record.kind === 'begin') return JSON.stringify({ protocol, branches });
  return record.kind === 'abort' ? JSON.stringify({ code: record.code }) : null;
}

function toRecord({ kind, body }: LogRow): LogRecord {
  return kind === 'abort' ? { kind, code: body?.code ?? '' } : { kind };
}
