import { expect, test } from '@jest/globals';

import { watchCompleteness, type ClusterSeen } from './database-control.js';

const member = (name: string, role: 'primary' | 'replica' | 'unreachable', lsn: string | null) =>
  ({ name, role, lsn }) as const;

function seen(lsns: readonly [string, string, string], change: Partial<ClusterSeen> = {}): ClusterSeen {
  return {
    epoch: 2,
    primary: 'postgres-1',
    phase: 'steady',
    mode: 'hot',
    synchronous: 'flush',
    synchronousReplicas: 2,
    members: [
      member('postgres-1', 'primary', lsns[0]),
      member('postgres-2', 'replica', lsns[1]),
      member('postgres-3', 'replica', lsns[2]),
    ],
    ...change,
  };
}

test('replicas follow when they show what the primary had at the first look', () => {
  const isComplete = watchCompleteness();
  expect(isComplete(seen(['0/500', '0/500', '0/400']))).toBe(false);
  expect(isComplete(seen(['0/600', '0/600', '0/4FF']))).toBe(false);
  expect(isComplete(seen(['0/700', '0/700', '0/500']))).toBe(true);
});

test('a replica that answers and gets nothing does not follow', () => {
  const isComplete = watchCompleteness();
  for (const primary of ['0/500', '0/600', '0/700'])
    expect(isComplete(seen([primary, primary, '0/400']))).toBe(false);
});

test.each([
  ['no primary', { primary: null }],
  ['a failover under way', { phase: 'failing-over' }],
  ['a synchronous replica missing', { synchronousReplicas: 1 }],
  [
    'a server that does not answer',
    {
      members: [
        member('postgres-1', 'primary', '0/500'),
        member('postgres-2', 'replica', '0/500'),
        member('postgres-3', 'unreachable', null),
      ],
    },
  ],
])('with %s it is not complete', (_, change) => {
  expect(watchCompleteness()(seen(['0/500', '0/500', '0/500'], change))).toBe(false);
});

test('asynchronously no replica has to confirm', () => {
  const cluster = seen(['0/500', '0/500', '0/500'], { synchronous: 'none', synchronousReplicas: 0 });
  expect(watchCompleteness()(cluster)).toBe(true);
});
