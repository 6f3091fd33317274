import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { AdaptiveLimit } from './adaptive-limit.js';

const options = { most: 64, least: 8, targetMs: 500 };

/**
 * A server that does `perSecond` pieces of work in a second, and is asked for far more: as much is under way as the limit takes, and
 * each piece waits for those before it.
 */
function serve(limit: AdaptiveLimit, perSecond: number, seconds: number, startMs = 0): number[] {
  const tookMs: number[] = [];
  const under: number[] = [];
  for (let done = 0; done < perSecond * seconds; done += 1) {
    const nowMs = startMs + (done * 1000) / perSecond;
    while (under.length < limit.limit) under.push(nowMs);
    const beganAtMs = under.shift() ?? nowMs;
    tookMs.push(nowMs - beganAtMs);
    limit.note(beganAtMs, nowMs, under.length + 1);
  }
  return tookMs;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

describe('an adaptive limit', () => {
  it('stays at most where work is fast', () => {
    const limit = new AdaptiveLimit(options);
    serve(limit, 1_000, 5);
    expect(limit.limit).toBe(64);
  });

  it('shrinks until what is taken on is in time', () => {
    const limit = new AdaptiveLimit(options);
    serve(limit, 1_000, 5);
    expect(mean(serve(limit, 40, 4, 5_000))).toBeGreaterThan(options.targetMs);
    expect(mean(serve(limit, 40, 20, 9_000))).toBeLessThan(options.targetMs * 1.2);
    expect(limit.limit).toBeGreaterThan(options.least);
  });

  it('grows again when the server is fast again', () => {
    const limit = new AdaptiveLimit(options);
    serve(limit, 20, 30);
    expect(limit.limit).toBeLessThan(16);
    serve(limit, 1_000, 10, 30_000);
    expect(limit.limit).toBe(64);
  });

  it('grows back while work is in time, also when nobody is held back by it', () => {
    const limit = new AdaptiveLimit(options);
    serve(limit, 20, 30);
    for (let at = 40_000; at < 50_000; at += 10) limit.note(at, at + 1, 1);
    expect(limit.limit).toBe(options.most);
  });

  it('lets a burst pass', () => {
    const limit = new AdaptiveLimit(options);
    for (let at = 0; at < 10_000; at += 10) limit.note(at - 1, at, 1);
    // Forty pieces of work that are late, within less than half a second; then all is well again.
    for (let at = 10_000; at < 10_400; at += 10) limit.note(at - 800, at, 40);
    for (let at = 10_400; at < 12_000; at += 1) limit.note(at - 1, at, 1);
    expect(limit.limit).toBe(options.most);
  });

  it('is between its bounds, whatever happens', () => {
    const times = fc.array(fc.record({ gap: fc.nat(5_000), took: fc.nat(20_000), under: fc.nat(200) }), {
      maxLength: 300,
    });
    fc.assert(
      fc.property(times, (all) => {
        const limit = new AdaptiveLimit(options);
        let nowMs = 0;
        for (const { gap, took, under } of all) {
          nowMs += gap;
          limit.note(nowMs - took, nowMs, under);
          expect(limit.limit).toBeGreaterThanOrEqual(options.least);
          expect(limit.limit).toBeLessThanOrEqual(options.most);
        }
      }),
    );
  });
});
