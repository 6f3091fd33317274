import { describe, expect, test } from '@jest/globals';

import { describeRound, describeSummary, hasPassed, summarize, type DrillResult } from './drill-report.js';
import type { FailoverRound } from './failover-round.js';

function round(change: Partial<FailoverRound>): FailoverRound {
  return {
    round: 1,
    from: 'postgres-1',
    to: 'postgres-2',
    epoch: 2,
    gapMs: 3_000,
    promotedMs: 2_900,
    rejoinedMs: 1_500,
    acknowledged: 400,
    lost: 0,
    ...change,
  };
}

function result(rounds: readonly FailoverRound[], change: Partial<DrillResult> = {}): DrillResult {
  return {
    fault: 'kill',
    synchronous: 'flush',
    rounds,
    summary: summarize(rounds),
    notAcknowledged: { 'no-primary': 12 },
    verdict: { ok: true, laws: [] },
    failure: undefined,
    ...change,
  };
}

test('the summary adds up what was lost, and keeps the worst gap', () => {
  const rounds = [round({}), round({ gapMs: 4_500, lost: 3 }), round({ gapMs: 2_000, lost: 2 })];
  expect(summarize(rounds)).toMatchObject({
    rounds: 3,
    acknowledged: 1_200,
    lost: 5,
    roundsWithLoss: 2,
    gapMs: { p50: 3_000, p99: 4_500, max: 4_500 },
  });
});

describe('the drill has passed', () => {
  const lossy = [round({ lost: 1 })];

  test('when a synchronous mode has lost nothing', () => {
    expect(hasPassed(result([round({})]))).toBe(true);
    expect(hasPassed(result(lossy))).toBe(false);
  });

  test('also with losses where nothing was promised', () => {
    expect(hasPassed(result(lossy, { synchronous: 'none' }))).toBe(true);
  });

  test('not when a law is broken, cannot be checked, or a round did not end', () => {
    expect(hasPassed(result([round({})], { verdict: { ok: false, laws: [] } }))).toBe(false);
    expect(hasPassed(result([round({})], { verdict: undefined }))).toBe(false);
    expect(hasPassed(result([round({})], { failure: 'stuck' }))).toBe(false);
  });
});

test('asynchronous losses are said, with what would prevent them', () => {
  const text = describeSummary(result([round({ lost: 7 })], { synchronous: 'none' }));
  expect(text).toContain('1 rounds, 400 acknowledged orders, 7 lost in 1 rounds');
  expect(text).toContain('--synchronous flush');
});

test('a round is a line', () => {
  expect(describeRound(round({ round: 12 }))).toBe(
    '   12  postgres-1 → postgres-2       2         3,000        2,900         1,500           400     0',
  );
});
