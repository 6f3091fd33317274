import { expect, test } from '@jest/globals';
import { median } from './median.js';

test.each([
  [[5], 5],
  [[3, 1, 2], 2],
  [[10, 1, 2, 3], 2.5],
])('the median of %j is %d', (values, expected) => {
  expect(median(values)).toBe(expected);
});

test('nothing has no median', () => {
  expect(median([])).toBeNaN();
});
