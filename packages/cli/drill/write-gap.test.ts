import { expect, test } from '@jest/globals';

import { longestGap, percentile } from './write-gap.js';

test('the gap begins with the last write before the fault', () => {
  expect(longestGap([0, 10, 20, 500, 510], 25)).toEqual({ gapMs: 480, endedAtMs: 500 });
});

test('an answer that was under way at the fault does not end the gap', () => {
  expect(longestGap([0, 10, 20, 30, 500, 510], 25)).toEqual({ gapMs: 470, endedAtMs: 500 });
});

test('a pause before the fault is none of its doing', () => {
  expect(longestGap([0, 900, 1000, 1100], 950)).toEqual({ gapMs: 100, endedAtMs: 1000 });
});

test('without a write after it there is no end', () => {
  expect(longestGap([0, 10], 20)).toEqual({ gapMs: 0, endedAtMs: 20 });
});

test.each([
  [50, 2],
  [75, 3],
  [99, 4],
])('the percentile %d of four values', (percent, expected) => {
  expect(percentile([4, 1, 3, 2], percent)).toBe(expected);
});

test('nothing has no percentile but nothing', () => {
  expect(percentile([], 99)).toBe(0);
});
