import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Histogram } from './histogram.js';

test('every quantile is within 1 % of the recorded value that it stands for', () => {
  const latencies = fc.array(fc.integer({ min: 0, max: 60_000_000 }), { minLength: 1, maxLength: 200 });
  const shares = fc.double({ min: 0.01, max: 1, noNaN: true });
  fc.assert(
    fc.property(latencies, shares, (values, share) => {
      const histogram = new Histogram();
      for (const value of values) histogram.record(value);
      const sorted = [...values].sort((left, right) => left - right);
      const exact = sorted[Math.ceil(share * values.length) - 1] ?? NaN;
      expect(Math.abs(histogram.quantileUs(share) - exact)).toBeLessThanOrEqual(exact * 0.01);
    }),
  );
});

test('what no bucket is for lands in the nearest one', () => {
  const histogram = new Histogram();
  histogram.record(-5);
  histogram.record(2 ** 40);
  expect(histogram.count).toBe(2);
  expect(histogram.quantileUs(0.5)).toBe(0);
  expect(histogram.quantileUs(1)).toBeGreaterThan(2 ** 31 * 0.99);
});

test('of nothing, every quantile is 0', () => {
  expect(new Histogram().quantileUs(0.99)).toBe(0);
});
