import { describe, expect, it } from '@jest/globals';
import { describeCacheActs } from './cache-report.js';
import { countsIn, since } from './inventory-metrics.js';

const metrics = `# HELP sql_statement_duration_seconds SQL statements run
sql_statement_duration_seconds_count{statement="product-by-sku",outcome="success",service="inventory"} 40
sql_statement_duration_seconds_count{statement="product-by-sku",outcome="failure",service="inventory"} 2
sql_statement_duration_seconds_count{statement="product-all-skus",outcome="success",service="inventory"} 1
sql_statement_duration_seconds_count{statement="inventory-reserve",outcome="success",service="inventory"} 7
sql_statement_duration_seconds_sum{statement="product-by-sku",outcome="success",service="inventory"} 0.5
cache_reads_total{cache="product",result="hit",service="inventory"} 900
cache_reads_total{cache="product",result="unknown",service="inventory"} 50
cache_reads_total{cache="product",result="miss",service="inventory"} 42
`;

describe('the lab of the cache', () => {
  it('counts what looked for products, and what was answered without', () => {
    expect(countsIn(metrics)).toEqual({ queries: 43, reads: 992, answered: 950 });
    expect(since(countsIn(metrics), { queries: 40, reads: 900, answered: 900 })).toEqual({
      queries: 3,
      reads: 92,
      answered: 50,
    });
  });

  it('shows on and off side by side', () => {
    const act = {
      reads: 10_000,
      failed: 0,
      seconds: 5,
      p50Ms: 1.25,
      p99Ms: 20,
      queries: 1,
      baseQueriesPerSecond: 19,
    };
    const on = {
      ...act,
      protection: 'on',
      queriesPerSecond: 0.2,
      worstQueriesPerSecond: 2,
      hitRate: 0.9999,
    } as const;
    const off = {
      ...act,
      protection: 'off',
      queries: 10_000,
      queriesPerSecond: 2_000,
      worstQueriesPerSecond: 2_400,
      hitRate: 0,
    } as const;
    const lines = describeCacheActs('penetration', [off, on]).split('\n');
    const cells = (row: string): string[] =>
      (lines.find((line) => line.trim().startsWith(row)) ?? '').trim().split(/ {2,}/).slice(1);
    expect(cells('penetration')).toEqual(['protection off', 'protection on']);
    expect(cells('SQL queries per second')).toEqual(['2,000.0', '0.2']);
    expect(cells('hit rate')).toEqual(['0.00 %', '99.99 %']);
    expect(new Set(lines.map(({ length }) => length)).size).toBe(1);
  });
});
