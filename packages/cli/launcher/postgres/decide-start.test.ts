import { describe, expect, test } from '@jest/globals';

import type { ClusterRecord } from '#platform/postgres/cluster-record.js';

import {
  cloneAfterMs,
  decideStart,
  holdBackMs,
  mustBeReplaced,
  quickDeathsBeforeClone,
  type Situation,
} from './decide-start.js';
import type { FolderState } from './server-folder.js';

const record: ClusterRecord = {
  epoch: 3,
  primary: 'postgres-2',
  phase: 'steady',
  mode: 'hot',
  synchronous: 'none',
  synchronousReplicas: [],
  cloneOrders: { 'postgres-3': 2 },
  history: [],
};
const ofPrimary: FolderState = { exists: true, isStandby: false, executedCloneOrder: 0 };
const ofReplica: FolderState = { exists: true, isStandby: true, executedCloneOrder: 2 };
const missing: FolderState = { exists: false, isStandby: false, executedCloneOrder: 0 };

const situation: Situation = {
  member: 'postgres-2',
  record,
  folder: ofPrimary,
  reason: 'died',
  quickDeaths: 1,
  heldMs: 0,
  liveOthers: 2,
  primaryForMs: 60_000,
  isSupervised: true,
};

describe('decideStart of the primary', () => {
  test.each<[string, Partial<Situation>, string]>([
    ['holds it back when it died and another can take over', {}, 'wait'],
    ['lets it come back when nobody has taken over for long', { heldMs: holdBackMs }, 'start'],
    ['starts it with the platform', { reason: 'first' }, 'start'],
    ['starts it at once where nobody promotes', { isSupervised: false }, 'start'],
    ['starts it at once where failover is by command', { record: { ...record, mode: 'cold' } }, 'start'],
    ['starts it at once where no replica lives', { liveOthers: 0 }, 'start'],
    ['lets it come back when no other can be promoted', { record: { ...record, phase: 'stuck' } }, 'start'],
    [
      'starts it as the replica that it still is when it is about to be promoted',
      { record: { ...record, phase: 'failing-over' }, folder: ofReplica },
      'start',
    ],
    ['cannot start it without its data', { folder: missing, reason: 'first' }, 'wait'],
  ])('%s', (_, change, expected) => {
    expect(decideStart({ ...situation, ...change })).toBe(expected);
  });
});

describe('decideStart of a replica', () => {
  const replica: Situation = { ...situation, member: 'postgres-3', folder: ofReplica };
  test.each<[string, Partial<Situation>, string]>([
    ['starts it as it is', {}, 'start'],
    ['clones it where it has no data', { folder: missing, reason: 'first' }, 'clone'],
    ['clones it when it was a primary', { folder: { ...ofPrimary, executedCloneOrder: 2 } }, 'clone'],
    [
      'lets the shop recover before it clones an old primary',
      { folder: { ...ofPrimary, executedCloneOrder: 2 }, primaryForMs: cloneAfterMs - 1 },
      'wait',
    ],
    [
      'clones an old primary at once where the new one has no other replica',
      { folder: { ...ofPrimary, executedCloneOrder: 2 }, primaryForMs: 0, liveOthers: 1 },
      'clone',
    ],
    ['clones it when that was ordered anew', { folder: { ...ofReplica, executedCloneOrder: 1 } }, 'clone'],
    ['clones it when it ends again and again', { quickDeaths: quickDeathsBeforeClone }, 'clone'],
  ])('%s', (_, change, expected) => {
    expect(decideStart({ ...replica, ...change })).toBe(expected);
  });
});

describe('mustBeReplaced', () => {
  test.each<[string, string, FolderState, boolean]>([
    ['leaves the primary alone', 'postgres-2', ofPrimary, false],
    ['leaves the next primary alone while it is still a replica', 'postgres-2', ofReplica, false],
    ['leaves a replica alone', 'postgres-3', ofReplica, false],
    ['takes a primary of the past', 'postgres-1', ofPrimary, true],
    [
      'takes a replica that is ordered to be cloned',
      'postgres-3',
      { ...ofReplica, executedCloneOrder: 1 },
      true,
    ],
    ['leaves alone what is just being made', 'postgres-3', missing, false],
  ])('%s', (_, member, folder, expected) => {
    expect(mustBeReplaced(member, record, folder)).toBe(expected);
  });
});
