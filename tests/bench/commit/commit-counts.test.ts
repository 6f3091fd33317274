import { expect, test } from '@jest/globals';
import { countsBetween, sumOf } from './commit-counts.js';

test('a metric is summed over its labels, and others of a similar name are left out', () => {
  const page =
    'writes_total{process="a"} 3\nwrites_total{process="b"} 4\nwrites_total_bytes{process="a"} 9\n# writes_total 5\n';
  expect(sumOf(page, 'writes_total')).toBe(7);
});

test('what was counted is told for each order', () => {
  const before = { logWrites: 10, logRecords: 20, messages: 100, walFlushes: 50 };
  const after = { logWrites: 15, logRecords: 40, messages: 220, walFlushes: 90 };
  expect(countsBetween(before, after, 10)).toEqual({
    logWrites: 0.5,
    logRecords: 2,
    messages: 12,
    walFlushes: 4,
  });
});
