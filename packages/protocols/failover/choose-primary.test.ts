import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { choosePrimary, type ChoiceInput } from './choose-primary.js';
import { compareProgress, noSending, timings, type Memory, type Seen } from './cluster.js';

const members = ['a', 'b', 'c', 'd'];
const overAtMs = 10_000;

const memory: Memory = {
  epoch: 1,
  primary: 'a',
  phase: 'steady',
  mode: 'hot',
  synchronous: 'none',
  synchronousReplicas: [],
  cloneOrders: {},
};

function seenOf(name: string, change: Partial<Seen> = {}): Seen {
  return {
    name,
    askedAtMs: overAtMs,
    recovering: true,
    timeline: 1,
    lsn: 100n,
    complete: true,
    follows: 'a',
    streaming: false,
    epoch: 1,
    readOnly: false,
    sending: noSending,
    ...change,
  };
}

function choose(seen: readonly Seen[], change: Partial<ChoiceInput> = {}): string {
  const choice = choosePrimary({
    memory,
    members,
    seen: new Map(seen.map((one) => [one.name, one])),
    command: undefined,
    leaseOverAtMs: overAtMs,
    nowMs: overAtMs + timings.patienceMs,
    ...change,
  });
  return choice.kind === 'chosen' ? choice.name : `nobody: ${choice.why}`;
}

const replicas = fc.uniqueArray(
  fc.record({
    name: fc.constantFrom('b', 'c', 'd'),
    timeline: fc.integer({ min: 1, max: 3 }),
    lsn: fc.bigInt({ min: 0n, max: 5n }),
    askedAtMs: fc.integer({ min: overAtMs - 4_000, max: overAtMs + 500 }),
    complete: fc.boolean(),
  }),
  { selector: ({ name }) => name },
);

describe('who is promoted', () => {
  test('is the most advanced of those that were heard when the lease was over, by name on a tie', () => {
    fc.assert(
      fc.property(replicas, (told) => {
        const seen = told.map(({ name, ...rest }) => seenOf(name, rest));
        const nowMs = overAtMs + timings.completeMs + timings.freshMs;
        const heard = seen.map((one) => ({ ...one, askedAtMs: one.askedAtMs + timings.completeMs }));
        const name = choose(heard, { nowMs });
        const fresh = heard.filter(
          ({ askedAtMs }) => askedAtMs >= overAtMs && nowMs - askedAtMs <= timings.freshMs,
        );
        if (fresh.length === 0) return expect(name).toMatch(/^nobody/);
        const chosen = fresh.find((one) => one.name === name);
        expect(fresh.every((other) => chosen !== undefined && compareProgress(chosen, other) >= 0)).toBe(
          true,
        );
      }),
    );
  });

  test('is nobody before the lease is over, whatever anybody says', () => {
    fc.assert(
      fc.property(replicas, fc.integer({ min: 1, max: 5_000 }), (told, earlierMs) => {
        const seen = told.map(({ name, ...rest }) => seenOf(name, rest));
        expect(choose(seen, { nowMs: overAtMs - earlierMs })).toMatch(/^nobody: the lease/);
      }),
    );
  });

  test('is nobody in a synchronous mode before every one of the set was heard, and to the end of its log', () => {
    const synchronous: Memory = { ...memory, synchronous: 'flush', synchronousReplicas: ['b', 'c'] };
    fc.assert(
      fc.property(replicas, (told) => {
        const seen = told.map(({ name, ...rest }) => seenOf(name, rest));
        const nowMs = overAtMs + 600;
        const name = choose(seen, { memory: synchronous, nowMs });
        const isWhole = ['b', 'c'].every((one) =>
          seen.some((other) => other.name === one && other.askedAtMs >= overAtMs && other.complete),
        );
        if (!isWhole) expect(name).toMatch(/must be heard first$/);
      }),
    );
  });

  test('is nobody else while only the old primary is sure to have everything', () => {
    const alone: Memory = { ...memory, synchronous: 'flush', synchronousReplicas: ['a', 'b'] };
    const old = seenOf('a', { recovering: false });
    expect(choose([old, seenOf('b')], { memory: alone })).toBe('nobody: a must be heard first');
    // One that was about to be promoted, and is a replica still.
    expect(choose([seenOf('a'), seenOf('b')], { memory: alone })).toBe('a');
  });

  test('waits a moment for a replica that was there shortly before, and not for one that is long gone', () => {
    const nowMs = overAtMs + timings.patienceMs - 1;
    const b = seenOf('b');
    const silent = (askedAtMs: number): Seen => seenOf('c', { askedAtMs, lsn: 200n });
    expect(choose([b, silent(overAtMs - 100)], { nowMs })).toBe('nobody: c must be heard first');
    expect(choose([b, silent(overAtMs - 100)])).toBe('b');
    expect(choose([b, silent(overAtMs - timings.leaseMs - 1)], { nowMs })).toBe('b');
  });

  test('prefers a later timeline to a longer log', () => {
    expect(choose([seenOf('b', { lsn: 900n }), seenOf('c', { timeline: 2, lsn: 100n })])).toBe('c');
  });

  test('by command is the one that was named, if it has as much as the others', () => {
    const command = { to: 'c', askedAtMs: 0 };
    expect(choose([seenOf('b'), seenOf('c')], { command })).toBe('c');
    expect(choose([seenOf('b', { lsn: 200n }), seenOf('c')], { command })).toBe('nobody: b has more than c');
    expect(choose([seenOf('b')], { command })).toBe('nobody: c cannot be reached');
  });

  test('by command has everything that the old primary had', () => {
    const command = { to: undefined, askedAtMs: 0, place: 101n };
    expect(choose([seenOf('b')], { command })).toMatch(/^nobody: b has not received everything/);
    expect(choose([seenOf('b', { lsn: 101n })], { command })).toBe('b');
  });
});
