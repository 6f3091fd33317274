import { describe, expect, it } from '@jest/globals';
import { spread } from './expiry.js';

describe('a TTL', () => {
  const ttlMs = 10_000;

  it('is spread by at least a tenth to both sides, and stays the same on average', () => {
    expect(spread(ttlMs, 0)).toBeLessThanOrEqual(0.9 * ttlMs);
    expect(spread(ttlMs, 0.999_999)).toBeGreaterThanOrEqual(1.1 * ttlMs);
    expect(spread(ttlMs, 0.5)).toBe(ttlMs);
  });

  it('lets what is stored at once expire at less than twice the rate of what expires evenly', () => {
    const keys = 100_000;
    const windows = 20;
    const inWindow = Array.from({ length: 2 * windows }, () => 0);
    for (let key = 0; key < keys; key += 1) {
      const window = Math.floor((spread(ttlMs, key / keys) / ttlMs) * windows);
      inWindow[window] = (inWindow[window] ?? 0) + 1;
    }
    expect(Math.max(...inWindow)).toBeLessThan((2 * keys) / windows);
  });
});
