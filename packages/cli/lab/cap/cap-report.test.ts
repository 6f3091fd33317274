import { expect, test } from '@jest/globals';

import type { CapAct } from './cap-act.js';
import { describeCap, hasKeptPromises } from './cap-report.js';

const cp: CapAct = {
  synchronous: 'flush',
  seconds: 5,
  accepted: 2,
  refused: { 'no-synchronous-replica': 480 },
  unknown: { 'write-unconfirmed': 4 },
  firstRefusalMs: 730,
  lost: 0,
  lostBefore: 0,
  from: 'postgres-1',
  to: 'postgres-2',
};
const ap: CapAct = {
  ...cp,
  synchronous: 'none',
  accepted: 512,
  refused: {},
  unknown: {},
  firstRefusalMs: undefined,
  lost: 509,
  from: 'postgres-2',
  to: 'postgres-3',
};

test('both modes stand side by side, each with a verdict', () => {
  expect(describeCap([cp, ap]).split('\n')).toEqual([
    '                          CP (synchronous flush)      AP (synchronous none)',
    'accepted while cut off    2                           512',
    'refused                   480 no-synchronous-replica  0',
    'first refusal after       730 ms                      -',
    'outcome unknown           4 write-unconfirmed         0',
    'failover                  postgres-1 → postgres-2     postgres-2 → postgres-3',
    'lost of the accepted      0                           509',
    'lost from before the cut  0                           0',
    '',
    'CP stays consistent: 480 orders were refused in 5 s without a replica, and nothing accepted was lost.',
    'AP stays available: 512 orders were accepted in 5 s without a replica, and 509 of them were lost, although each had been answered with 201.',
  ]);
});

test('a loss breaks the promise of CP, and none of AP', () => {
  expect(hasKeptPromises([cp, ap])).toBe(true);
  expect(hasKeptPromises([{ ...cp, lost: 1 }, ap])).toBe(false);
  expect(describeCap([{ ...cp, lost: 1 }, ap])).toContain('✗ CP has broken its promise: 1 acknowledged');
});
