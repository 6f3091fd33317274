import { beforeEach, describe, expect, test } from '@jest/globals';
import { CircuitBreaker, failuresToOpen } from './circuit-breaker.js';

describe('a circuit breaker', () => {
  let breaker: CircuitBreaker;
  beforeEach(() => {
    breaker = new CircuitBreaker();
  });
  const failAtOnce = (times: number, nowMs: number): void => {
    for (let time = 0; time < times; time += 1) breaker.failed(nowMs);
  };

  test('opens after failures in a row, and not for those between which something succeeded', () => {
    failAtOnce(failuresToOpen - 1, 0);
    breaker.succeeded();
    failAtOnce(failuresToOpen - 1, 0);
    expect([breaker.state(0), breaker.allows(0)]).toEqual(['closed', true]);
    breaker.failed(0);
    expect([breaker.state(0), breaker.allows(0)]).toEqual(['open', false]);
  });

  test('lets one request try after a while, and no second one beside it', () => {
    failAtOnce(failuresToOpen, 0);
    expect(breaker.allows(499)).toBe(false);
    expect(breaker.allows(500)).toBe(true);
    breaker.begun(500);
    expect(breaker.allows(501)).toBe(false);
    breaker.succeeded();
    expect(breaker.state(502)).toBe('closed');
  });

  test('stays open for twice as long after each try that failed, up to eight seconds', () => {
    failAtOnce(failuresToOpen, 0);
    const waits: number[] = [];
    for (let tries = 0, nowMs = 0; tries < 6; tries += 1) {
      let waitedMs = 0;
      while (!breaker.allows(nowMs)) {
        nowMs += 10;
        waitedMs += 10;
      }
      waits.push(waitedMs);
      breaker.begun(nowMs);
      breaker.failed(nowMs);
    }
    expect(waits).toEqual([500, 1_000, 2_000, 4_000, 8_000, 8_000]);
  });

  test('is not held half open by a try whose end nobody tells of', () => {
    failAtOnce(failuresToOpen, 0);
    breaker.begun(500);
    expect(breaker.allows(60_000)).toBe(true);
  });

  test('learns nothing from requests that were under way when it opened', () => {
    failAtOnce(failuresToOpen + 50, 0);
    expect(breaker.allows(500)).toBe(true);
  });
});
