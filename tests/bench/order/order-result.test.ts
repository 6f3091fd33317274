import { expect, test } from '@jest/globals';
import { summarizeOrders, type OrderRound } from './order-result.js';

const round = (
  ordersPerSecond: number,
  limitPerSecond: number,
  statuses: Record<string, number>,
): OrderRound => ({
  limitPerSecond,
  ordersPerSecond,
  p50Ms: 1,
  p99Ms: 2,
  statuses,
  loadCpuShare: 0,
  cpuMsPerOrder: { postgres: ordersPerSecond },
});

test('the ratio is the median of the rounds’ own ratios, and no answer but 201 is passed over', () => {
  const figures = summarizeOrders('2pc', 10, 64, [
    round(100, 1000, { '201': 99, '202': 1 }),
    round(300, 600, { '201': 300 }),
    round(200, 1000, { '201': 190, '202': 2, lost: 3 }),
  ]);
  expect(figures.ratio).toBe(0.2);
  expect(figures).toMatchObject({
    ordersPerSecond: 200,
    limitPerSecond: 1000,
    cpuMsPerOrder: { postgres: 200 },
  });
  expect(figures.otherAnswers).toEqual({ '202': 3, lost: 3 });
});
