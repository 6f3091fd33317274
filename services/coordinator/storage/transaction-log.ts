import type { Logger } from '#platform/logging/logger.js';
import type { Metrics } from '#platform/metrics/metrics.js';
import type { Sql, Statement } from '#platform/postgres/database.js';
import type { Transaction } from '#platform/runtime/transaction-runtime.js';
import type { LogRecord } from '#protocols/commit/messages.js';
import type {
  CoordinatorLog,
  LoggedOutcome,
  LoggedTransaction,
  RecordOnDisk,
} from '../domain/active-coordinator.js';

interface LogRow {
  gid: string;
  kind: LogRecord['kind'] | RepairKind;
  body: {
    protocol?: Transaction['protocol'];
    branches?: Transaction['branches'];
    correlationId?: string;
    code?: string;
    diverged?: readonly number[];
    repair?: string;
  } | null;
}

interface HistoryRow extends LogRow {
  term: number;
  logged_at: Date;
}

type RepairKind = 'undoing' | 'repaired';

interface Waiting {
  readonly gid: string;
  readonly kind: string;
  readonly body: string | null;
  readonly written: () => void;
}

/** Writes nothing and returns no row when the term is over: a coordinator that was replaced can decide nothing. */
const write: Statement<{ term: number }> = {
  name: 'log-write',
  text: `
    WITH own AS MATERIALIZED (SELECT term FROM coordinator.leadership WHERE term = $4 FOR KEY SHARE),
    written AS (
      INSERT INTO coordinator.log (gid, kind, body, term)
      SELECT gid, kind, body::jsonb, own.term
      FROM own, unnest($1::uuid[], $2::text[], $3::text[]) AS record (gid, kind, body)
      ON CONFLICT DO NOTHING
    )
    SELECT term FROM own`,
};

const hasNoEnd = `NOT EXISTS (SELECT FROM coordinator.log AS ended WHERE ended.gid = begun.gid AND ended.kind = 'end')`;

const readOpen: Statement<LogRow> = {
  name: 'log-open',
  text: `
    SELECT gid::text, kind, body FROM coordinator.log
    WHERE gid IN (
      SELECT gid FROM coordinator.log AS begun
      WHERE kind = 'begin' AND seq >= (SELECT open_from FROM coordinator.leadership) AND ${hasNoEnd}
    )
    ORDER BY gid, kind <> 'begin'`,
};

/** The one writer of the log gives its records growing numbers, so that none below this mark can come any more. */
const moveMark: Statement<never> = {
  name: 'log-mark',
  text: `
    UPDATE coordinator.leadership SET open_from = coalesce(
      (SELECT min(seq) FROM coordinator.log AS begun WHERE kind = 'begin' AND seq >= open_from AND ${hasNoEnd}),
      (SELECT max(seq) + 1 FROM coordinator.log WHERE kind = 'begin'),
      open_from)
    WHERE term = $1`,
};

const readOne: Statement<LogRow> = {
  name: 'log-transaction',
  text: `SELECT gid::text, kind, body FROM coordinator.log WHERE gid = $1 ORDER BY kind <> 'begin'`,
};

interface LogParts {
  readonly sql: Sql;
  /** The term of the coordinator that writes. */
  readonly term: number;
  /** Whether what was decided in this term may be contradicted by the database itself. */
  readonly isOver?: () => boolean;
  /** The term is over: nothing can be written any more. */
  readonly fenced: () => void;
  readonly metrics: Metrics;
  readonly logger: Logger;
}

/** The records of one write have the same time; within it, this is the order in which they can come. */
const readHistory: Statement<HistoryRow> = {
  name: 'log-history',
  text: `
    SELECT gid::text, kind, body, term, logged_at FROM coordinator.log WHERE gid = $1
    ORDER BY logged_at, array_position(
      ARRAY['begin', 'pre-commit', 'commit', 'abort', 'diverged', 'end', 'undoing', 'repaired'], kind)`,
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
 * nothing may be decided that is not logged. When the term is over, nothing is written and no promise resolves.
 */
export class GroupCommitLog implements CoordinatorLog {
  private waiting: Waiting[] = [];
  private writing = false;
  private lazy: NodeJS.Timeout | undefined;
  /** Resolves when every record that was appended so far is on disk. */
  private allWritten = Promise.resolve();
  private isFenced = false;
  private fence: () => void = () => undefined;
  private readonly untilFenced = new Promise<void>((resolve) => (this.fence = resolve));

  constructor(private readonly parts: LogParts) {}

  append(transaction: Transaction, record: LogRecord, forced: boolean): Promise<void> {
    return this.write(transaction.gid, record.kind, bodyOf(transaction, record), forced);
  }

  appendRepair({ gid }: Transaction, kind: RepairKind, detail: string): Promise<void> {
    return this.write(gid, kind, JSON.stringify({ repair: detail }), true);
  }

  private write(gid: string, kind: string, body: string | null, forced: boolean): Promise<void> {
    this.allWritten = new Promise((written) => {
      if (this.isFenced) return;
      this.waiting.push({ gid, kind, body, written });
      if (this.writing) return;
      if (forced) void this.writeAll();
      else this.lazy ??= setTimeout(() => void this.writeAll(), lazyMs);
    });
    return this.allWritten;
  }

  /** Resolves when all that was appended is on disk, or can never be. */
  async flushed(): Promise<void> {
    if (this.waiting.length > 0 && !this.writing) void this.writeAll();
    await Promise.race([this.allWritten, this.untilFenced]);
  }

  /** The transactions that had not ended; a record without a begin record is of none. */
  async readOpen(): Promise<LoggedTransaction[]> {
    const byGid = new Map<string, LogRow[]>();
    for (const row of await this.parts.sql.run(readOpen, [])) {
      const rows = byGid.get(row.gid);
      if (rows !== undefined) rows.push(row);
      else if (row.kind === 'begin') byGid.set(row.gid, [row]);
    }
    return [...byGid.values()].flatMap((rows) => toTransaction(rows) ?? []);
  }

  async passEnded(): Promise<void> {
    const { sql, term, logger } = this.parts;
    try {
      await sql.run(moveMark, [term]);
    } catch (error) {
      logger.warn({ err: error }, 'the mark of the open transactions was not moved; a takeover reads more');
    }
  }

  async read(gid: string): Promise<LoggedTransaction | undefined> {
    await Promise.race([this.allWritten, this.untilFenced]);
    return toTransaction(await this.parts.sql.run(readOne, [gid]));
  }

  /**
   * How a transaction ended; undefined when it has not, or was never heard of. An end record that is still on its
   * way to the disk counts: a transaction that has ended must not begin again, since it could then be aborted.
   */
  async outcomeOf(gid: string): Promise<LoggedOutcome | undefined> {
    await Promise.race([this.allWritten, this.untilFenced]);
    const rows = await this.parts.sql.run(readOne, [gid]);
    if (!rows.some(({ kind }) => kind === 'end')) return undefined;
    const aborted = rows.find(({ kind }) => kind === 'abort');
    if (aborted === undefined) return { outcome: 'committed' };
    const ended = { outcome: 'aborted', code: aborted.body?.code ?? '' } as const;
    return rows.some(({ kind }) => kind === 'begin') ? ended : { ...ended, presumed: true };
  }

  private async writeAll(): Promise<void> {
    clearTimeout(this.lazy);
    this.lazy = undefined;
    this.writing = true;
    while (this.waiting.length > 0) {
      const group = this.waiting.slice(0, mostAtOnce);
      this.waiting = this.waiting.slice(mostAtOnce);
      if (!(await this.writeGroup(group))) return this.end();
      for (const { written } of group) written();
    }
    this.writing = false;
  }

  private end(): void {
    this.isFenced = true;
    this.waiting = [];
    this.fence();
    this.parts.fenced();
  }

  /** False when the term is over. */
  private async writeGroup(group: readonly Waiting[]): Promise<boolean> {
    const { sql, term, isOver, metrics, logger } = this.parts;
    const values = [
      group.map(({ gid }) => gid),
      group.map(({ kind }) => kind),
      group.map(({ body }) => body),
      term,
    ];
    for (let delayMs = firstRetryMs; ; delayMs = Math.min(longestRetryMs, delayMs * 2)) {
      if (isOver?.() === true) return false;
      try {
        if ((await sql.run(write, values)).length === 0) return false;
        metrics.logRecords.inc(group.length);
        metrics.logWrites.inc();
        return true;
      } catch (error) {
        logger.error(
          { err: error, records: group.length },
          'the transaction log cannot be written; trying again',
        );
        await new Promise((resolve) => setTimeout(resolve, delayMs));
      }
    }
  }
}

/** Undefined when there are no rows. One that was aborted before its begin record was written has no branches. */
function toTransaction(rows: readonly LogRow[]): LoggedTransaction | undefined {
  const [first] = rows;
  if (first === undefined) return undefined;
  const { gid } = first;
  const { protocol = '2pc', branches = [], correlationId = gid } = first.body ?? {};
  const kinds = new Set(rows.map(({ kind }) => kind));
  const repair = kinds.has('repaired') ? 'repaired' : kinds.has('undoing') ? 'undoing' : undefined;
  return {
    transaction: { gid, protocol, branches, correlationId },
    records: rows.flatMap((row) => toRecord(row) ?? []),
    ...(repair === undefined ? {} : { repair }),
  };
}

/** What is on disk of a transaction, in whatever term it was written; undefined when it was never heard of. */
export async function readLogOnDisk(
  sql: Sql,
  gid: string,
): Promise<{ protocol: string; records: RecordOnDisk[] } | undefined> {
  const rows = await sql.run(readHistory, [gid]);
  if (rows.length === 0) return undefined;
  const protocol = rows.find(({ kind }) => kind === 'begin')?.body?.protocol ?? '';
  const records = rows.map(({ kind, body, term, logged_at: loggedAt }) => {
    const detail = body?.code ?? body?.repair ?? body?.diverged?.join(', ') ?? '';
    return { kind, detail, term, loggedAtMs: loggedAt.getTime() };
  });
  return { protocol, records };
}

function bodyOf({ protocol, branches, correlationId }: Transaction, record: LogRecord): string | null {
  if (record.kind === 'begin') return JSON.stringify({ protocol, branches, correlationId });
  if (record.kind === 'diverged') return JSON.stringify({ diverged: record.branches });
  return record.kind === 'abort' ? JSON.stringify({ code: record.code }) : null;
}

/** Undefined for what is none of the protocols'. */
function toRecord({ kind, body }: LogRow): LogRecord | undefined {
  if (kind === 'undoing' || kind === 'repaired') return undefined;
  if (kind === 'abort') return { kind, code: body?.code ?? '' };
  return kind === 'diverged' ? { kind, branches: body?.diverged ?? [] } : { kind };
}
