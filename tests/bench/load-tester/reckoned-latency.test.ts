import { expect, test } from '@jest/globals';
import { reckonedQuantileMs } from './reckoned-latency.js';

// 100 requests, 10 ms apart, of a server that takes 1 ms and stands still for the first 500 ms.
const requests = Array.from({ length: 100 }, (_, index) => ({
  number: 7 + index,
  doneMs: Math.max(500, index * 10) + 1,
}));

test('the wait of all that were due in a freeze counts', () => {
  expect(reckonedQuantileMs(requests, 100, 7, 1)).toBe(501);
  expect(reckonedQuantileMs(requests, 100, 7, 0.99)).toBe(491);
  expect(reckonedQuantileMs(requests, 100, 7, 0.5)).toBe(1);
});

test('of nothing there is no quantile', () => {
  expect(reckonedQuantileMs([], 100, 0, 0.5)).toBeNaN();
});
