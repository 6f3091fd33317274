import { beforeEach, describe, expect, test } from '@jest/globals';
import { noSending, timings, type Memory, type Seen, type Sending } from './cluster.js';
import { confirming, isInForce, SynchronousSet } from './synchronous-set.js';

const members = ['a', 'b', 'c'];

function memoryOf(...synchronousReplicas: string[]): Memory {
  const common = { epoch: 1, primary: 'a', phase: 'steady', mode: 'hot', cloneOrders: {} } as const;
  return { ...common, synchronous: 'flush', synchronousReplicas };
}

function primaryOf(
  askedAtMs: number,
  names: readonly string[],
  attached: Record<string, number>,
  lsn = 100n,
): Seen {
  const sending: Sending = {
    ...noSending,
    names,
    attached: Object.entries(attached).map(([name, flushed]) => ({ name, flushed: BigInt(flushed) })),
  };
  const common = { name: 'a', recovering: false, timeline: 1, complete: true, follows: undefined } as const;
  return { ...common, askedAtMs, lsn, streaming: false, epoch: 1, readOnly: false, sending };
}

describe('the synchronous replicas', () => {
  let set: SynchronousSet;
  beforeEach(() => {
    set = new SynchronousSet(members);
  });

  test('grow in the memory first, then on the primary', () => {
    const attached = { b: 100, c: 100 };
    expect(set.next(memoryOf('b'), primaryOf(0, ['b'], attached))).toEqual({
      kind: 'remember',
      synchronousReplicas: ['b', 'c'],
    });
    expect(set.next(memoryOf('b', 'c'), primaryOf(0, ['b'], attached))).toEqual({
      kind: 'configure',
      names: ['b', 'c'],
      applies: false,
    });
    expect(set.next(memoryOf('b', 'c'), primaryOf(0, ['b', 'c'], attached))).toBeUndefined();
  });

  test('shrink on the primary first, and in the memory when one that stays has everything', () => {
    const { detachedMs, settleMs } = timings;
    const memory = memoryOf('b', 'c');
    expect(set.next(memory, primaryOf(0, ['b', 'c'], { b: 100 }))).toBeUndefined();
    expect(set.next(memory, primaryOf(detachedMs - 1, ['b', 'c'], { b: 100 }))).toBeUndefined();
    expect(set.next(memory, primaryOf(detachedMs, ['b', 'c'], { b: 100 }))).toEqual({
      kind: 'configure',
      names: ['b'],
      applies: false,
    });
    const later = detachedMs + settleMs;
    expect(set.next(memory, primaryOf(detachedMs, ['b'], { b: 100 }, 150n))).toBeUndefined();
    expect(set.next(memory, primaryOf(later, ['b'], { b: 100 }, 150n))).toBeUndefined();
    expect(set.next(memory, primaryOf(later + 1, ['b'], { b: 149 }, 160n))).toBeUndefined();
    expect(set.next(memory, primaryOf(later + 2, ['b'], { b: 150 }, 170n))).toEqual({
      kind: 'remember',
      synchronousReplicas: ['b'],
    });
  });

  test('never become empty: with nobody there commits wait', () => {
    const memory = memoryOf('b', 'c');
    for (const atMs of [0, timings.detachedMs, 60_000])
      expect(set.next(memory, primaryOf(atMs, ['b', 'c'], {}))).toBeUndefined();
    expect(confirming(memory, primaryOf(0, ['b', 'c'], {}))).toBe(0);
    expect(set.next(memoryOf(), primaryOf(0, [], {}))).toEqual({
      kind: 'remember',
      synchronousReplicas: ['b', 'c'],
    });
  });

  test('count a new primary among themselves until another has caught up with it', () => {
    const alone = memoryOf('a');
    expect(set.next(alone, primaryOf(0, [], {}))).toEqual({
      kind: 'remember',
      synchronousReplicas: ['a', 'b', 'c'],
    });
    const memory = memoryOf('a', 'b', 'c');
    expect(set.next(memory, primaryOf(0, [], {}))).toEqual({
      kind: 'configure',
      names: ['b', 'c'],
      applies: false,
    });
    const names = ['b', 'c'];
    expect(set.next(memory, primaryOf(1, names, { b: 90, c: 90 }, 100n))).toBeUndefined();
    const settledMs = 1 + timings.settleMs;
    expect(set.next(memory, primaryOf(settledMs, names, { b: 90, c: 90 }, 100n))).toBeUndefined();
    expect(set.next(memory, primaryOf(settledMs + 1, names, { b: 90, c: 100 }, 100n))).toEqual({
      kind: 'remember',
      synchronousReplicas: ['b', 'c'],
    });
  });

  test('are in force when the primary asks at most those that are remembered', () => {
    expect(isInForce(memoryOf('b', 'c'), primaryOf(0, ['b'], {}))).toBe(true);
    expect(isInForce(memoryOf('b'), primaryOf(0, ['b', 'c'], {}))).toBe(false);
    expect(isInForce(memoryOf('b'), primaryOf(0, [], {}))).toBe(false);
    expect(isInForce({ ...memoryOf('b'), synchronous: 'remote_apply' }, primaryOf(0, ['b'], {}))).toBe(false);
  });
});
