import type { AttackName } from './attacks.js';
import type { CacheAct } from './cache-act.js';

/** A table with a column for each act, side by side. */
export function describeCacheActs(name: AttackName, acts: readonly CacheAct[]): string {
  const rows = [
    [name, ...acts.map(({ protection }) => `protection ${protection}`)],
    ['reads', ...acts.map(({ reads }) => whole(reads))],
    ['SQL queries', ...acts.map(({ queries }) => whole(queries))],
    ['SQL queries per second', ...acts.map(({ queriesPerSecond }) => tenth(queriesPerSecond))],
    ['  in the worst half second', ...acts.map(({ worstQueriesPerSecond }) => tenth(worstQueriesPerSecond))],
    ['  in peace', ...acts.map(({ baseQueriesPerSecond }) => tenth(baseQueriesPerSecond))],
    ['hit rate', ...acts.map(({ hitRate }) => `${(100 * hitRate).toFixed(2)} %`)],
    ['latency p50', ...acts.map(({ p50Ms }) => `${tenth(p50Ms)} ms`)],
    ['latency p99', ...acts.map(({ p99Ms }) => `${tenth(p99Ms)} ms`)],
    ['failed', ...acts.map(({ failed }) => whole(failed))],
  ];
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  return rows
    .map((row) =>
      row
        .map((cell, column) =>
          column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0),
        )
        .join('  '),
    )
    .join('\n');
}

function whole(value: number): string {
  return Math.round(value).toLocaleString('en');
}

function tenth(value: number): string {
  return value.toLocaleString('en', { minimumFractionDigits: 1, maximumFractionDigits: 1 });
}
