import { describe, expect, test } from '@jest/globals';
import { adaptedFactor } from './adaptive-weight.js';

/** Copies that share one rate by their factors, and need a different time for each request. */
function settle(costs: readonly number[], rounds: number): { factors: number[]; loads: number[] } {
  let factors = costs.map(() => 1);
  let loads: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const sum = factors.reduce((left, right) => left + right);
    loads = factors.map((factor, index) => Math.min(1, (factor / sum) * (costs[index] ?? 1)));
    const mean = loads.reduce((left, right) => left + right) / loads.length;
    factors = factors.map((factor, index) => adaptedFactor(factor, loads[index] ?? 0, mean));
  }
  return { factors, loads };
}

describe('weights that follow the load', () => {
  test('bring copies of different speed to the same load', () => {
    const { loads } = settle([0.9, 0.3, 0.3], 60);
    expect(Math.max(...loads) - Math.min(...loads)).toBeLessThan(0.05);
  });

  test('leave equal copies alone', () => {
    expect(settle([0.5, 0.5, 0.5], 60).factors).toEqual([1, 1, 1]);
  });

  test('leave idle copies alone, whatever their noise', () => {
    expect(adaptedFactor(1, 0.04, 0.01)).toBe(1);
  });

  test('never take a copy out of traffic', () => {
    let factor = 1;
    for (let round = 0; round < 1_000; round += 1) factor = adaptedFactor(factor, 1, 0.1);
    expect(factor).toBe(0.1);
  });
});
