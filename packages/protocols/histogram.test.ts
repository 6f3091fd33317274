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

test('histograms of several processes add up to what one would have recorded', () => {
  const latencies = fc.array(fc.integer({ min: 0, max: 60_000_000 }), { maxLength: 100 });
  fc.assert(
    fc.property(latencies, latencies, (left, right) => {
      const [one, other, all] = [new Histogram(), new Histogram(), new Histogram()];
      for (const value of left) one.record(value);
      for (const value of right) other.record(value);
      for (const value of [...left, ...right]) all.record(value);
      one.add(other.toCounts());
      expect(one.toCounts()).toEqual(all.toCounts());
      expect(one.meanUs).toBeCloseTo(all.meanUs);
    }),
  );
});

test('the share above a value leaves out its own bucket', () => {
  const histogram = new Histogram();
  for (const value of [1, 2, 3, 1_000]) histogram.record(value);
  expect(histogram.shareAbove(3)).toBe(0.25);
  expect(histogram.shareAbove(1_000)).toBe(0);
  expect(new Histogram().shareAbove(1)).toBe(0);
});
