import { expect, test } from '@jest/globals';

import { ruledOut } from './guarantees.js';
import { HistoryChecker } from './history-checker.js';
import { judge, read, write, type Operation } from './history-for-test.js';

/** Only what there is of each anomaly. */
function found(operations: readonly Operation[]): Record<string, number> {
  const { anomalies } = judge(operations).report();
  return Object.fromEntries(Object.entries(anomalies).filter(([, count]) => count > 0));
}

const opened = write('ann', 'x', 0, [0, 1]);

test('a read that overlaps a write may return the old version or the new one', () => {
  const writing = write('ann', 'x', 1, [10, 20]);
  expect(found([opened, writing, read('bob', 'x', 0, [11, 19])])).toEqual({});
  expect(found([opened, writing, read('bob', 'x', 1, [11, 19])])).toEqual({});
});

test('a read that began after a newer version was acknowledged is stale, by age and by versions', () => {
  const history = [
    opened,
    write('ann', 'x', 1, [10, 20]),
    write('ann', 'x', 2, [30, 40]),
    read('bob', 'x', 0, [50, 51]),
  ];
  const report = judge(history).report();
  expect(found(history)).toEqual({ stale: 1 });
  // Out of date since version 1 was acknowledged.
  expect(report.staleAgeMs.max).toBe(30);
  expect(report.mostVersionsBehind).toBe(2);
  expect(report.findings).toMatchObject([{ session: 'bob', version: 0, acknowledged: 2, known: -1 }]);
});

test('a session that does not see its own write', () => {
  const history = [opened, write('ann', 'x', 1, [10, 20]), read('ann', 'x', 0, [30, 31])];
  expect(found(history)).toEqual({ stale: 1, readYourWrites: 1, causal: 1 });
});

test('a session that sees less than before, where nothing was acknowledged yet', () => {
  const history = [
    opened,
    write('ann', 'x', 1, [10, 50]),
    read('bob', 'x', 1, [20, 21]),
    read('bob', 'x', 0, [30, 31]),
  ];
  expect(found(history)).toEqual({ monotonic: 1, causal: 1, inverted: 1 });
});

test('new, then old, in two sessions that know nothing of each other', () => {
  const writing = write('ann', 'x', 1, [10, 50]);
  const seen = read('bob', 'x', 1, [20, 25]);
  expect(found([opened, writing, seen, read('cat', 'x', 0, [30, 31])])).toEqual({ inverted: 1 });
  expect(found([opened, writing, seen, read('cat', 'x', 0, [24, 31])])).toEqual({});
});

test('a session that was handed a token sees less than the one it came from had written', () => {
  const history = [opened, write('ann', 'x', 1, [10, 20])];
  const handOver = { kind: 'hand-over', from: 'ann', to: 'bob', at: 25 } as const;
  expect(found([...history, handOver, read('bob', 'x', 0, [30, 31])])).toEqual({ stale: 1, causal: 1 });
  // What it writes later is not in the token.
  expect(
    found([...history, handOver, write('ann', 'x', 2, [26, 40]), read('bob', 'x', 1, [35, 41])]),
  ).toEqual({});
});

test('writes follow reads: who saw a write sees what its writer had seen, through any number of sessions', () => {
  const history = [
    write('ann', 'x', 0, [0, 1]),
    write('bob', 'y', 0, [0, 2]),
    write('cat', 'z', 0, [0, 3]),
    write('ann', 'x', 1, [10, 90]),
    read('bob', 'x', 1, [20, 21]),
    write('bob', 'y', 1, [22, 90]),
    read('cat', 'y', 1, [30, 31]),
    write('cat', 'z', 1, [32, 90]),
    read('dan', 'z', 1, [40, 41]),
  ];
  expect(found([...history, read('dan', 'x', 0, [50, 51])])).toEqual({ causal: 1, inverted: 1 });
  expect(found([...history, read('dan', 'x', 1, [50, 51])])).toEqual({});
  expect(found([...history, read('eve', 'x', 0, [19, 51])])).toEqual({});
});

test('one write of two keys: whoever sees one of them knows of the writes before, and not of the other half', () => {
  const history = [
    write('ann', 'xy', 0, [0, 1]),
    write('ann', 'xy', 1, [10, 20]),
    write('ann', 'xy', 2, [30, 90]),
    read('bob', 'x', 2, [40, 41]),
  ];
  expect(found([...history, read('bob', 'y', 1, [42, 43])])).toEqual({});
  expect(found([...history, read('bob', 'y', 0, [42, 43])])).toEqual({ stale: 1, causal: 1 });
});

test('what was not there teaches nothing, and can be too old all the same', () => {
  const absent = (version: number, startedAt: number): Operation => ({
    kind: 'read',
    session: 'bob',
    key: 'x',
    version,
    startedAt,
    endedAt: startedAt + 1,
    server: 'replica',
    absent: true,
  });
  const history = [opened, write('ann', 'x', 1, [2, 3]), write('ann', 'x', 2, [10, 20])];
  expect(found([...history, absent(1, 12), read('bob', 'x', 0, [14, 15])])).toEqual({ stale: 1 });
  expect(found([...history, absent(1, 30)])).toEqual({ stale: 1 });
});

test('a version that nobody had begun to write comes out of thin air, and one that was refused does, too', () => {
  expect(found([opened, read('bob', 'x', 1, [5, 6]), write('ann', 'x', 1, [7, 8])])).toEqual({
    unwritten: 1,
  });
  const refused = { ...write('ann', 'x', 1, [10, 20]), outcome: 'refused' } as Operation;
  expect(found([opened, refused, read('bob', 'x', 1, [30, 31])])).toEqual({ unwritten: 1 });
  expect(found([opened, refused, read('bob', 'x', 0, [30, 31])])).toEqual({});
});

test('a write whose outcome is not known may be seen and need not', () => {
  const unknown = { ...write('ann', 'x', 1, [10, 20]), outcome: 'unknown' } as Operation;
  expect(found([opened, unknown, read('bob', 'x', 0, [30, 31])])).toEqual({});
  expect(found([opened, unknown, read('bob', 'x', 1, [30, 31]), read('bob', 'x', 0, [32, 33])])).toEqual({
    monotonic: 1,
    causal: 1,
    inverted: 1,
  });
});

test('a read with several anomalies counts once among those of a level', () => {
  const checker = judge([
    opened,
    write('ann', 'x', 1, [10, 20]),
    read('ann', 'x', 1, [21, 22]),
    read('ann', 'x', 0, [30, 31]),
    read('bob', 'x', 0, [32, 33]),
  ]);
  expect(checker.readsWithAnyOf(ruledOut.causal)).toBe(1);
  expect(checker.readsWithAnyOf(ruledOut.strong)).toBe(2);
  expect(checker.readsWithAnyOf(ruledOut.eventual)).toBe(0);
});

test('a session that ended is forgotten, and what does not come in order is refused', () => {
  const checker = new HistoryChecker();
  checker.begin({ session: 'ann', versions: [{ key: 'x', version: 0 }], startedAt: 0 });
  checker.acknowledge({ session: 'ann', versions: [{ key: 'x', version: 0 }] }, 1);
  checker.endSession('ann');
  const one = { session: 'ann', key: 'x', version: -1, server: 'replica' };
  expect(checker.read({ ...one, startedAt: 2, endedAt: 4 })).toEqual(['stale']);
  expect(() => checker.read({ ...one, startedAt: 3, endedAt: 5 })).toThrow(/one thing after the other/);
  expect(() => checker.read({ ...one, session: 'bob', startedAt: 1, endedAt: 3 })).toThrow(
    /order of their ends/,
  );
});
