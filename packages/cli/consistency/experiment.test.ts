import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';

import { ruledOut } from '#protocols/consistency/guarantees.js';

import { ControlClient } from '../control-client.js';
import { FrontDoorClient } from '../front-door-client.js';
import { describeReport, reportOf, type ConsistencyReport } from './describe-experiment.js';
import { Experiment } from './experiment.js';
import { replicaNames, withReplicaLag } from './replica-lag.js';
import type { ShopHistory } from './shop-history.js';
import { ShopForTest } from './shop-for-test.js';

/** A run ends when it has shown what is wanted; this is for one that never does. */
const durationMs = 60_000;
const lagMs = 300;

jest.setTimeout(90_000);

let shop: ShopForTest;
let url: string;

beforeEach(async () => {
  shop = new ShopForTest();
  url = await shop.start();
});
afterEach(() => shop.stop());

const showsStaleReads =
  (reads: 'judged' | 'control') =>
  (history: ShopHistory): boolean =>
    history[reads].checker.readsWithAnyOf(['causal']) > 0;
const hasWrites =
  (count: number) =>
  ({ writes, judged }: ShopHistory): boolean =>
    writes >= count && judged.count >= 1_000;

async function perform(
  level: ConsistencyReport['level'],
  isEnough: (history: ShopHistory) => boolean,
): Promise<ConsistencyReport> {
  const control = new ControlClient(new FrontDoorClient(url), 'admin');
  return withReplicaLag(control, { lagMs }, async (member) => {
    const replicas = await replicaNames(control);
    const result = await new Experiment({ url, level, durationMs, isEnough, replicas, lagMs }).run();
    return reportOf(result, { level, lag: { member, lagMs } });
  });
}

test('a level that keeps its promise shows nothing, while eventual reads beside it show what could have been', async () => {
  const report = await perform('causal', showsStaleReads('control'));
  expect(report).toMatchObject({ level: 'causal', violations: 0, stale: 0, kept: true, refused: {} });
  expect(report.eventual?.stale).toBeGreaterThan(0);
  expect(report.eventual?.anomalies).toMatchObject({ unwritten: 0 });
  // The replica shows the last write when its lag is over, and no earlier.
  expect(report.convergenceMs).toBeGreaterThan(lagMs / 2);
  expect(describeReport(report)).toContain('✓ no read broke what causal promises');
  expect(shop.lags.size).toBe(0);
});

test.each(['strong', 'read-your-writes', 'monotonic', 'causal'] as const)(
  'reads of %s that go to whichever server comes next are caught',
  async (level) => {
    shop.broken = level;
    const report = await perform(level, ({ judged }) => judged.checker.readsWithAnyOf(ruledOut[level]) > 0);
    expect(report.kept).toBe(false);
    expect(report.violations).toBeGreaterThan(0);
    expect(report.staleAgeMs.max).toBeGreaterThan(0);
    expect(report.findings[0]).toMatchObject({ server: 'replica' });
    expect(describeReport(report)).toMatch(new RegExp(`✗ [\\d,]+ reads broke what ${level} promises`));
  },
);

test('eventual shows all of it, and breaks nothing', async () => {
  const report = await perform('eventual', showsStaleReads('judged'));
  expect(report).toMatchObject({ kept: true, eventual: null });
  expect(report.violations).toBeGreaterThan(0);
  expect(report.stale).toBeGreaterThan(0);
});

test('an order whose answer was lost is asked for again, and counts once it is known', async () => {
  shop.answersToLose = 2;
  const report = await perform('strong', hasWrites(5));
  expect(report).toMatchObject({ violations: 0, doubtfulWrites: 2, lostWrites: 0 });
});

test('a session that a failover has lost begins anew', async () => {
  shop.sessionsToLose = 3;
  const report = await perform('monotonic', hasWrites(1));
  expect(report).toMatchObject({ violations: 0, sessionsLost: 3, refused: { 'session-lost': 3 } });
});
