import type { LoggedRequest } from '../load-plan.js';
import { errorCount, type LoadResult } from '../load-result.js';
import { sorted } from './load-text.js';
import { summarizeLatency } from './load-summary.js';

/** One line for each second of the run, with the answers of each back end in columns of their own. */
export function renderCsv({ seconds, backEnds }: LoadResult): string {
  const names = sorted(backEnds).map(([name]) => name);
  const header = [
    ...['second', 'due', 'sent', 'answered', 'errors', 'retries'],
    ...['mean_ms', 'p50_ms', 'p90_ms', 'p95_ms', 'p99_ms', 'p999_ms', 'max_ms'],
    ...names.map((name) => `answers of ${name}`),
  ];
  const rows = seconds.map((counts, second) => {
    const { meanMs, p50Ms, p90Ms, p95Ms, p99Ms, p999Ms, maxMs } = summarizeLatency(counts.latency);
    return [
      ...[second, counts.due, counts.sent, counts.latency.count, errorCount(counts), counts.retries],
      ...[meanMs, p50Ms, p90Ms, p95Ms, p99Ms, p999Ms, maxMs],
      ...names.map((name) => counts.backEndCounts[name] ?? 0),
    ];
  });
  return toLines([header, ...rows]);
}

/** One line for each answered request: what others need to reckon the latencies again. */
export function renderLog(log: readonly LoggedRequest[]): string {
  const rows = log.map(({ number, dueMs, sentMs, doneMs }) => [number, dueMs, sentMs, doneMs]);
  return toLines([['number', 'due_ms', 'sent_ms', 'done_ms'], ...rows]);
}

function toLines(rows: readonly (readonly (string | number)[])[]): string {
  return rows.map((row) => `${row.map(cell).join(',')}\n`).join('');
}

/** RFC 4180: what could be taken for a separator stands in quotes. */
function cell(value: string | number): string {
  const text = typeof value === 'number' ? String(Math.round(value * 10_000) / 10_000) : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
