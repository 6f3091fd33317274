import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { mostSaved, RetryBudget } from './retry-budget.js';

test('in a total outage at most a tenth of any 1,000 requests or more is sent again', () => {
  const before = fc.integer({ min: 0, max: 5_000 });
  const outage = fc.integer({ min: 1_000, max: 20_000 });
  fc.assert(
    fc.property(before, outage, (healthy, failing) => {
      const budget = new RetryBudget();
      for (let request = 0; request < healthy; request += 1) budget.earn();
      let retries = 0;
      for (let request = 0; request < failing; request += 1) {
        budget.earn();
        if (budget.spend()) retries += 1;
      }
      expect(retries).toBeLessThanOrEqual(failing * 0.1);
    }),
    { numRuns: 50 },
  );
});

test('a burst of failures after normal traffic is retried whole', () => {
  const budget = new RetryBudget();
  for (let request = 0; request < 1_000; request += 1) budget.earn();
  const retried = Array.from({ length: mostSaved + 5 }, () => budget.spend()).filter(Boolean);
  expect(retried).toHaveLength(mostSaved);
});

test('nothing is retried before anything was asked', () => {
  const budget = new RetryBudget();
  expect(budget.isSpent).toBe(true);
  expect(budget.spend()).toBe(false);
});
