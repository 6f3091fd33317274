import { describe, expect, test } from '@jest/globals';

import { describeBase, type BaseResult } from './base-report.js';
import { Tally, type Ending, type Summary } from './tally.js';

function summary(orders: Partial<Record<Ending, number>>, pages: Partial<Record<Ending, number>>): Summary {
  const tally = new Tally();
  const kinds = { order: orders, page: pages };
  for (const kind of ['order', 'page'] as const) {
    for (const [ending, count] of Object.entries(kinds[kind]) as [Ending, number][])
      for (let index = 1; index <= count; index += 1) tally.add(kind, ending, index);
  }
  return tally.summarize(2);
}

const result: BaseResult = {
  factor: 4,
  deadlineMs: 1_000,
  atOnce: 48,
  capacity: summary({ good: 200 }, { good: 800 }),
  without: summary({ good: 20, pending: 100, timeout: 680 }, { good: 400, timeout: 2_800 }),
  with: summary({ good: 180, refused: 620 }, { good: 1_000, degraded: 2_000, failed: 200 }),
  observed: summary({ good: 10, refused: 30 }, { good: 100, refused: 60 }),
  brokenLaws: [],
};

describe('the report of an overload', () => {
  const lines = describeBase(result).split('\n');
  const rowsNamed = (name: string): string[][] =>
    lines.filter((line) => line.trim().startsWith(name)).map((line) => line.trim().split(/ {2,}/).slice(1));

  test('shows side by side what became of the requests, in each second', () => {
    expect(rowsNamed('orders')).toEqual([['100', '400', '400']]);
    expect(rowsNamed('good')).toEqual([
      ['100', '10', '90'],
      ['400', '200', '500'],
      ['0', '0', '1,000'],
    ]);
    expect(rowsNamed('PENDING')).toEqual([['0', '50', '0']]);
    expect(rowsNamed('refused')).toEqual([
      ['0', '0', '310'],
      ['0', '0', '0'],
    ]);
    expect(rowsNamed('too late')).toEqual([
      ['0', '340', '0'],
      ['0', '1,400', '0'],
    ]);
    expect(rowsNamed('p99 of a refusal')).toEqual([
      ['-', '-', '30 ms'],
      ['-', '-', '60 ms'],
    ]);
  });

  test('says what is left of the capacity, and whether the laws hold', () => {
    expect(lines.at(-2)).toMatch(
      /10 % were .* without shedding, 90 % with it; of orders and pages together, 42 % and 318 %/,
    );
    expect(lines.at(-1)).toBe('All laws hold.');
    expect(describeBase({ ...result, brokenLaws: ['money'] })).toContain('✗ Broken: money');
  });
});
