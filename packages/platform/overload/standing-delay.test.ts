import { describe, expect, it } from '@jest/globals';
import { intervalMs, StandingDelay, targetMs } from './standing-delay.js';

describe('a standing delay', () => {
  const delayOf = (samples: readonly [atMs: number, delayMs: number][]): StandingDelay => {
    const delay = new StandingDelay();
    for (const [atMs, delayMs] of samples) delay.note(delayMs, atMs);
    return delay;
  };
  const late = targetMs + 1;

  it('is one that has been above the target for a whole interval', () => {
    const delay = delayOf([
      [1_000, late],
      [1_200, late],
    ]);
    expect(delay.stands(1_000 - late + intervalMs - 1)).toBe(false);
    expect(delay.stands(1_000 - late + intervalMs)).toBe(true);
  });

  it('is no burst, however late', () => {
    expect(
      delayOf([
        [1_000, intervalMs - 1],
        [1_050, 0],
      ]).stands(5_000),
    ).toBe(false);
  });

  it('ends with the first turn that is in time', () => {
    const delay = delayOf([
      [1_000, late],
      [1_600, late],
    ]);
    expect(delay.stands(1_600)).toBe(true);
    delay.note(targetMs - 1, 1_650);
    expect(delay.stands(10_000)).toBe(false);
  });
});
