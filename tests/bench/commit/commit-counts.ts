import pg from 'pg';
import type { BenchPlatform } from '../platform/bench-platform.js';

/** What was written and sent since the platform's start, all processes together. */
export interface CommitCounts {
  /** Groups of records that the coordinator wrote: each is one flush. */
  readonly logWrites: number;
  readonly logRecords: number;
  /** Protocol messages that participants answered, with their answers. */
  readonly messages: number;
  /** Flushes of PostgreSQL's write-ahead log, by all databases. */
  readonly walFlushes: number;
}

/** PostgreSQL tells of what a backend did once it is idle for this long. */
const statisticsMs = 1_200;

export async function readCounts(platform: BenchPlatform, databaseUrl: string): Promise<CommitCounts> {
  await new Promise((resolve) => setTimeout(resolve, statisticsMs));
  const services = platform.processes.filter(({ kind }) => kind === 'service');
  const pages = await Promise.all(services.map(({ port }) => readMetrics(port)));
  const sum = (name: string): number => pages.reduce((total, page) => total + sumOf(page, name), 0);
  return {
    logWrites: sum('transaction_log_writes_total'),
    logRecords: sum('transaction_log_records_total'),
    messages: 2 * sum('participant_message_duration_seconds_count'),
    walFlushes: await readWalFlushes(databaseUrl),
  };
}

export function countsBetween(before: CommitCounts, after: CommitCounts, orders: number): CommitCounts {
  const each = (name: keyof CommitCounts): number => (after[name] - before[name]) / Math.max(1, orders);
  return {
    logWrites: each('logWrites'),
    logRecords: each('logRecords'),
    messages: each('messages'),
    walFlushes: each('walFlushes'),
  };
}

async function readMetrics(port: number): Promise<string> {
  const response = await fetch(`http://127.0.0.1:${port}/metrics`);
  return response.text();
}

/** The sum of a metric over all its labels. */
export function sumOf(page: string, name: string): number {
  return page
    .split('\n')
    .filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
    .reduce((total, line) => total + Number(line.slice(line.lastIndexOf(' '))), 0);
}

async function readWalFlushes(connectionString: string): Promise<number> {
  const client = new pg.Client({ connectionString });
  await client.connect();
  try {
    const { rows } = await client.query<{ flushes: string }>(
      "SELECT coalesce(sum(fsyncs), 0) AS flushes FROM pg_stat_io WHERE object = 'wal'",
    );
    return Number(rows[0]?.flushes ?? 0);
  } finally {
    await client.end();
  }
}
