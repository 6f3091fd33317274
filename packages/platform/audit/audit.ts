import type { Book, ListEntriesReply, SummarizeReply } from '#generated/tristate/audit/v1/audit.js';
import type { Sql, Statement } from '../postgres/database.js';

/** A service's books, for checking the invariants (see audit.proto). */
export interface AuditSource {
  summarize(): Promise<SummarizeReply>;
  listEntries(book: Book, prefixes: readonly string[]): Promise<ListEntriesReply>;
}

/** The books that are kept in this process. */
export class Audit {
  private readonly local = new Map<string, AuditSource>();

  register(service: string, source: AuditSource): void {
    this.local.set(service, source);
  }

  sources(): ReadonlyMap<string, AuditSource> {
    return this.local;
  }
}

interface BucketRow {
  prefix: string;
  entries: number;
  checksum: string;
}

interface EntryRow {
  gid: string;
  content: string;
  amount_minor: number;
}

/** A book is a query with the columns gid, content and amount_minor; `name` names its statements. */
export interface BookQuery {
  readonly book: Book;
  readonly name: string;
  readonly text: string;
}

/** How many digits of a gid, written as a UUID, name its bucket: nine and the hyphen between them. */
const prefixLength = 10;

export async function readBuckets(
  sql: Sql,
  { book, name, text }: BookQuery,
): Promise<SummarizeReply['buckets']> {
  const statement: Statement<BucketRow> = {
    name: `${name}-buckets`,
    text: `
      SELECT left(gid::text, ${prefixLength}) AS prefix, count(*)::int AS entries,
             sum(hashtextextended(gid::text || content, 0))::text AS checksum
      FROM (${text}) AS book GROUP BY 1`,
  };
  return (await sql.run(statement, [])).map((row) => ({ book, ...row }));
}

/** The book of several databases: a bucket's checksum is a sum over its entries, wherever they are. */
export function mergeBuckets(buckets: SummarizeReply['buckets']): SummarizeReply['buckets'] {
  const merged = new Map<string, SummarizeReply['buckets'][number]>();
  for (const bucket of buckets) {
    const name = `${bucket.book} ${bucket.prefix}`;
    const other = merged.get(name);
    merged.set(
      name,
      other === undefined
        ? bucket
        : {
            ...bucket,
            entries: bucket.entries + other.entries,
            checksum: String(BigInt(bucket.checksum) + BigInt(other.checksum)),
          },
    );
  }
  return [...merged.values()];
}

export async function readEntries(
  sql: Sql,
  { name, text }: BookQuery,
  prefixes: readonly string[],
): Promise<ListEntriesReply> {
  const statement: Statement<EntryRow> = {
    name: `${name}-entries`,
    text: `SELECT gid::text, content, amount_minor FROM (${text}) AS book WHERE left(gid::text, ${prefixLength}) = ANY ($1)`,
  };
  const rows = await sql.run(statement, [prefixes]);
  return {
    entries: rows.map((row) => ({ gid: row.gid, content: row.content, amountMinor: row.amount_minor })),
  };
}

const forgottenPrepared: Statement<{ forgotten: number }> = {
  name: 'audit-prepared',
  text: `
    SELECT count(*)::int AS forgotten FROM pg_prepared_xacts
    WHERE database = current_database() AND prepared < now() - interval '5 seconds'`,
};

/**
 * A prepared transaction holds locks: one that nobody decides must not stay.
 *
 * @param databases of the service
 */
export async function preparedLaw(...databases: readonly Sql[]): Promise<SummarizeReply['laws'][number]> {
  const found = await Promise.all(databases.map((sql) => sql.run(forgottenPrepared, [])));
  const forgotten = found.flat().reduce((sum, row) => sum + row.forgotten, 0);
  return {
    name: 'no transaction is left prepared for more than 5 s',
    ok: forgotten === 0,
    expected: '0',
    actual: String(forgotten),
  };
}

/** A hold or reservation takes nothing from others for ever: it is confirmed or cancelled. */
export function undecidedLaw(of: string, forgotten: number): SummarizeReply['laws'][number] {
  return {
    name: `no ${of} is left undecided for more than ${undecidedAfterSeconds} s`,
    ok: forgotten === 0,
    expected: '0',
    actual: String(forgotten),
  };
}

/** Longer than a takeover (2 s), a participant's asking (3 s) and the decision after it. */
export const undecidedAfterSeconds = 10;
