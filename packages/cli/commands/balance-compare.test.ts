import { expect, test } from '@jest/globals';
import { InvalidArgumentError } from 'commander';
import { Histogram } from '#protocols/histogram.js';
import { clientStrategies } from '#protocols/balancing/strategy.js';
import { describeCompare, renderCompareHtml } from '../balance-compare/compare-report.js';
import {
  summarizeCompare,
  summarizeRow,
  winnersOf,
  type CompareRun,
} from '../balance-compare/compare-result.js';
import { parseStrategies } from './balance-compare.js';

test('strategies are all, or a list of names', () => {
  expect(parseStrategies('all')).toEqual([...clientStrategies]);
  expect(parseStrategies('ewma, round-robin,ewma')).toEqual(['ewma', 'round-robin']);
  for (const text of ['', 'fastest', 'ewma,,ewma', 'toString'])
    expect(() => parseStrategies(text)).toThrow(InvalidArgumentError);
});

function runForTest(p99Ms: number, changes: Partial<CompareRun> = {}): CompareRun {
  return {
    shares: { a: 0.5, b: 0.5 },
    fairness: 1,
    p50Ms: 3,
    p95Ms: 9,
    p99Ms,
    p999Ms: 2 * p99Ms,
    requests: 100,
    errors: {},
    errorCount: 0,
    retries: 0,
    isScheduleKept: true,
    ...changes,
  };
}

test('medians of the rounds decide who has won, and rounds that contradict each other are named', () => {
  const latency = new Histogram();
  latency.record(1_000);
  const blind = summarizeRow(
    {
      strategy: 'ip-hash',
      side: 'nginx',
      latency,
      rounds: [50, 90, 60].map((ms) => runForTest(ms, { errorCount: 4 })),
    },
    0.75,
  );
  const seeing = summarizeRow(
    { strategy: 'ewma', side: 'caller', latency, rounds: [20, 200, 30].map((ms) => runForTest(ms)) },
    undefined,
  );
  const result = summarizeCompare({
    scenario: 'one-slow',
    rate: 10,
    seconds: 1,
    seed: 1,
    rows: [blind, seeing],
  });
  expect([blind.p99Ms, seeing.p99Ms]).toEqual([60, 30]);
  const winners = new Map(winnersOf(result).map(({ at, strategies }) => [at, strategies]));
  expect(winners.get('p99')).toEqual(['ewma']);
  expect(winners.get('fewest errors')).toEqual(['ewma']);
  expect(winners.get('median latency')).toEqual(['ip-hash', 'ewma']);
  expect(result.contradictions).toEqual([{ one: 'ip-hash', other: 'ewma' }]);
  const text = describeCompare(result);
  expect(text).toContain('do not agree on the order in p99 of ip-hash and ewma');
  expect(text).toMatch(/ip-hash +nginx +50\/50 .* 75 %/);
  expect(renderCompareHtml([result], new Date(0))).not.toMatch(/NaN|undefined|Infinity|<script/);
});
