import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { ArrivalSchedule } from './arrival-schedule.js';
import { highestRate, segmentsOf, type RateShape } from './rate-shape.js';

const rate = fc.integer({ min: 1, max: 2_000 });
const shapes: fc.Arbitrary<RateShape> = fc.oneof(
  fc.record({ kind: fc.constant('constant' as const), rate }),
  fc.record({ kind: fc.constantFrom('ramp' as const, 'spike' as const), rate, peak: rate }),
  fc.record({ kind: fc.constant('steps' as const), rate, peak: rate, steps: fc.integer({ min: 1, max: 9 }) }),
  fc.record({
    kind: fc.constant('wave' as const),
    rate,
    peak: rate,
    periodMs: fc.integer({ min: 500, max: 9_000 }),
  }),
);

function dueTimes(shape: RateShape, durationMs: number): number[] {
  const schedule = new ArrivalSchedule(segmentsOf(shape, durationMs));
  return Array.from({ length: schedule.total }, (_, number) => schedule.dueMs(number));
}

const countBetween = (times: readonly number[], fromMs: number, toMs: number): number =>
  times.filter((time) => time >= fromMs && time < toMs).length;

describe('every shape', () => {
  test('has its requests in order and inside the run, and as many as its area says', () => {
    fc.assert(
      fc.property(shapes, fc.integer({ min: 500, max: 4_000 }), (shape, durationMs) => {
        const times = dueTimes(shape, durationMs);
        const area = segmentsOf(shape, durationMs).reduce(
          (sum, { lengthMs, from, to }) => sum + (((from + to) / 2) * lengthMs) / 1000,
          0,
        );
        expect(Math.abs(times.length - area)).toBeLessThan(1);
        expect(times[0]).toBe(0);
        expect(times.every((time, index) => index === 0 || time > (times[index - 1] ?? 0))).toBe(true);
        expect(times.at(-1)).toBeLessThan(durationMs);
        const top = highestRate(shape) * (durationMs / 1000);
        expect(times.length).toBeLessThanOrEqual(Math.ceil(top));
      }),
    );
  });

  test('is the same whoever asks for the numbers, and in whatever order', () => {
    fc.assert(
      fc.property(shapes, (shape) => {
        const times = dueTimes(shape, 1_000);
        const schedule = new ArrivalSchedule(segmentsOf(shape, 1_000));
        for (const number of [times.length - 1, 0, Math.floor(times.length / 2)])
          expect(schedule.dueMs(number)).toBe(times[number]);
      }),
    );
  });
});

test('a constant rate is evenly spaced', () => {
  expect(dueTimes({ kind: 'constant', rate: 4 }, 1_000)).toEqual([0, 250, 500, 750]);
});

test('a ramp has a quarter of its requests in its first half', () => {
  const times = dueTimes({ kind: 'ramp', rate: 1, peak: 1_000 }, 10_000);
  expect(countBetween(times, 0, 5_000) / times.length).toBeCloseTo(0.25, 2);
});

test('steps go from the rate to the peak', () => {
  const times = dueTimes({ kind: 'steps', rate: 100, peak: 300, steps: 3 }, 3_000);
  const counts = [0, 1_000, 2_000].map((from) => countBetween(times, from, from + 1_000));
  expect(counts).toEqual([100, 200, 300]);
});

test('a spike is the middle fifth', () => {
  const times = dueTimes({ kind: 'spike', rate: 100, peak: 1_000 }, 5_000);
  expect(countBetween(times, 2_000, 3_000)).toBe(1_000);
  expect(countBetween(times, 0, 2_000)).toBe(200);
});

test('a wave starts low and is high after half a period', () => {
  const times = dueTimes({ kind: 'wave', rate: 100, peak: 900, periodMs: 2_000 }, 4_000);
  expect(times.length / 4).toBeCloseTo(500, -1);
  expect(countBetween(times, 0, 100)).toBeLessThan(15);
  expect(countBetween(times, 950, 1_050)).toBeGreaterThan(85);
});
