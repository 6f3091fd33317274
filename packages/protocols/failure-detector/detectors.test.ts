import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { defaultMembership } from './defaults.js';
import { PeriodicDetector } from './periodic.js';
import { PhiAccrualDetector, suspicion } from './phi-accrual.js';

const options = defaultMembership.phi;

function afterBeats(intervalsMs: readonly number[], change: Partial<typeof options> = {}) {
  const detector = new PhiAccrualDetector({ ...options, ...change }, 0);
  let atMs = 0;
  for (const intervalMs of intervalsMs) detector.beat((atMs += intervalMs));
  return { detector, atMs };
}

describe('the periodic detector', () => {
  test('suspects when the third beat is missing, and not before', () => {
    const detector = new PeriodicDetector({ intervalMs: 200, missedBeats: 3 }, 0);
    detector.beat(1_000);
    expect([1_000, 1_399, 1_400, 1_599].map((atMs) => detector.missed(atMs))).toEqual([0, 1, 2, 2]);
    expect([detector.suspects(1_599), detector.suspects(1_600)]).toEqual([false, true]);
  });

  test('does not count the time in which the listener was asleep', () => {
    const detector = new PeriodicDetector({ intervalMs: 200, missedBeats: 3 }, 0);
    detector.forgive(5_000);
    expect([detector.suspects(5_500), detector.suspects(5_600)]).toEqual([false, true]);
  });
});

describe('the suspicion φ', () => {
  /** P(Z > z) of the standard normal distribution, from tables. */
  test.each([
    [0, 0.5],
    [1, 0.158655],
    [-1, 0.841345],
    [1.6449, 0.05],
    [3, 0.0013499],
    [5.612, 1e-8],
    [-3, 0.99865],
  ])('at z = %d is −log₁₀ of %d', (z, probability) => {
    expect(suspicion(z)).toBeCloseTo(-Math.log10(probability), 4);
  });

  test('never falls while the silence lasts, however long', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 1, max: 2_000, noNaN: true }), { maxLength: 300 }),
        fc.array(fc.double({ min: 0, max: 1e7, noNaN: true }), { minLength: 2, maxLength: 20 }),
        (intervalsMs, silencesMs) => {
          const { detector, atMs } = afterBeats(intervalsMs);
          const phis = [...silencesMs]
            .sort((a, b) => a - b)
            .map((silenceMs) => detector.phi(atMs + silenceMs));
          for (const [index, phi] of phis.entries()) {
            expect(Number.isFinite(phi)).toBe(true);
            expect(phi).toBeGreaterThanOrEqual((phis[index - 1] ?? 0) - 1e-6);
          }
        },
      ),
    );
  });

  test('waits out an acceptable pause on top of what is usual, and no pause that is far longer', () => {
    const { detector, atMs } = afterBeats(Array<number>(100).fill(200));
    expect(detector.suspects(atMs + 1_200)).toBe(false);
    expect(detector.suspects(atMs + 1_600)).toBe(true);
  });

  test('gives more time where beats come unevenly, as the periodic detector does not', () => {
    const uneven = Array.from({ length: 100 }, (_, index) => (index % 4 === 0 ? 800 : 200));
    const { detector, atMs } = afterBeats(uneven);
    expect(detector.phi(atMs + 1_700)).toBeLessThan(
      afterBeats(Array<number>(100).fill(200)).detector.phi(atMs),
    );
    expect(detector.suspects(atMs + 1_700)).toBe(false);
  });

  test('forgets what is older than its window', () => {
    const change = { windowSize: 50 };
    const fresh = afterBeats(Array<number>(50).fill(200), change);
    const old = afterBeats([...Array<number>(50).fill(900), ...Array<number>(50).fill(200)], change);
    expect(old.detector.phi(old.atMs + 1_300)).toBeCloseTo(fresh.detector.phi(fresh.atMs + 1_300), 5);
  });

  test('does not learn from a silence that it took for a failure', () => {
    const { detector, atMs } = afterBeats(Array<number>(100).fill(200));
    detector.beat(atMs + 60_000);
    expect(detector.suspects(atMs + 60_000 + 1_600)).toBe(true);
  });
});
