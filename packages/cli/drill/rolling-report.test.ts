import { describe, expect, test } from '@jest/globals';
import { parseStamp } from './front-door-view.js';
import {
  describeRestart,
  describeRolling,
  hasPassedRolling,
  restartsHeader,
  type RollingResult,
} from './rolling-report.js';
import { addUp, type LoadSeen } from './under-load.js';

const load: LoadSeen = {
  requests: 1_500,
  right: 1_500,
  errors: {},
  retries: 0,
  latencyMs: { p50: 2.5, p99: 20, p999: 41.2 },
};
const restart = {
  name: 'order-1',
  drainedMs: 300.4,
  stoppedMs: 80,
  readyMs: 2_100,
  backMs: 120,
  calmMs: 1_000,
};
const result: RollingResult = {
  rate: 300,
  restarts: [restart],
  load,
  verdict: { ok: true, laws: [] },
  failure: undefined,
};

describe('the report of rolling restarts', () => {
  test('has a line for each restart, under its header', () => {
    const line = describeRestart(restart, 1);
    expect(line).toBe('      1  order-1               300          80     2,100            120    1,000');
    expect(line).toHaveLength(restartsHeader.length);
  });

  test('says what visitors noticed', () => {
    expect(describeRolling(result).split('\n').at(-1)).toBe(
      '1 restarts under 300 requests per second: 1,500 requests, 0 failed',
    );
    const bad = {
      ...result,
      load: { ...load, errors: { '502': 2, reset: 1 }, retries: 4 },
      failure: 'It ended.',
    };
    expect(describeRolling(bad)).toContain('! It ended.\n');
    expect(describeRolling(bad)).toContain('failed       502 2, reset 1\n');
    expect(describeRolling(bad)).toContain('3 failed, 4 sent again on a fresh connection');
  });

  test('is passed when nothing failed, every law holds, and the last restart was reached', () => {
    expect(hasPassedRolling(result)).toBe(true);
    expect(hasPassedRolling({ ...result, load: { ...load, errors: { '502': 1 } } })).toBe(false);
    expect(hasPassedRolling({ ...result, verdict: undefined })).toBe(false);
    expect(hasPassedRolling({ ...result, failure: 'x' })).toBe(false);
  });

  test('adds up what the loads of its parts have seen', () => {
    const other = { ...load, errors: { '502': 1 }, retries: 2, latencyMs: { p50: 1, p99: 30, p999: 31 } };
    expect(addUp([load, other])).toEqual({
      requests: 3_000,
      right: 3_000,
      errors: { '502': 1 },
      retries: 2,
      latencyMs: { p50: 2.5, p99: 30, p999: 41.2 },
    });
  });
});

test.each([
  ['17.4', { epoch: 17, version: 4 }],
  [null, undefined],
  ['4', undefined],
  ['a.b', undefined],
])('the stamp of the front door %p is %p', (text, stamp) => expect(parseStamp(text)).toEqual(stamp));
