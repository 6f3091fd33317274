import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { summarizeOrders, type OrderBenchResult, type OrderRound } from '../order/order-result.js';
import { docsPage, fillPage } from './docs-page.js';

const round = (ordersPerSecond: number, limitPerSecond: number): OrderRound => ({
  limitPerSecond,
  ordersPerSecond,
  p50Ms: 3.21,
  p99Ms: 9.87,
  statuses: { '201': 100 },
  loadCpuShare: 0.07,
  cpuMsPerOrder: { order: 1 },
});

const result: OrderBenchResult = {
  machine: {
    date: '2026-01-02T03:04:05.000Z',
    commit: 'abc1234',
    cpu: 'a CPU',
    cores: 2,
    memoryGiB: 4,
    kernel: 'linux 6 x64',
    versions: { node: '20.19.0' },
    loadAverage: 0.1,
  },
  seconds: 5,
  warmUpSeconds: 5,
  orders: [summarizeOrders('saga', 10, 16, [round(300, 1000), round(500, 1000), round(450, 1800)])],
};

const kept = { order: result, profile: undefined, commit: undefined, data: undefined };

test('docs/benchmarks.md has a place for every figure, and filling it again changes nothing', () => {
  const filled = fillPage(readFileSync(docsPage, 'utf8'), kept);
  expect(filled).toContain('| saga (stage 10) | 16 | 450 | 3.2 | 9.9 | 1000 | 0.30 | 0.45 |');
  expect(filled).toContain('Not measured yet: `npm run bench -- order --profile`.');
  expect(fillPage(filled, kept)).toBe(filled);
});

test('a page without a place for the figures is refused', () => {
  expect(() => fillPage('# Nothing', kept)).toThrow(/has no place for "order"/);
});
