import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { ChooserForTest, targetsOf } from './chooser-for-test.js';
import { clientStrategies, type ClientStrategy } from './strategy.js';

const shares = (strategy: ClientStrategy, weights: readonly number[], count = 6_000): number[] => {
  const counts = new ChooserForTest(strategy, targetsOf(...weights)).shares(count);
  return targetsOf(...weights).map(({ address }) => (counts.get(address) ?? 0) / count);
};

/** The spread strategies draw lots or hash: their shares are near the weights, not equal to them. */
const isSpread = (strategy: ClientStrategy): boolean =>
  ['consistent-hash', 'random-two', 'ewma'].includes(strategy);

const ofWeights = clientStrategies.filter((strategy) => strategy !== 'ip-hash');

describe('the strategies', () => {
  test.each(ofWeights)('%s gives equal copies that answer at once equal shares', (strategy) => {
    for (const share of shares(strategy, [100, 100, 100])) {
      expect(Math.abs(share - 1 / 3)).toBeLessThan(isSpread(strategy) ? 0.05 : 0.001);
    }
  });

  test.each(['weighted', 'least-conn', 'least-request', 'consistent-hash'] as const)(
    '%s gives idle copies shares by their weights',
    (strategy) => {
      const [first = 0, second = 0, third = 0] = shares(strategy, [100, 200, 300]);
      const tolerance = isSpread(strategy) ? 0.05 : 0.001;
      expect(Math.abs(first - 1 / 6)).toBeLessThan(tolerance);
      expect(Math.abs(second - 2 / 6)).toBeLessThan(tolerance);
      expect(Math.abs(third - 3 / 6)).toBeLessThan(tolerance);
    },
  );

  test('round-robin is blind to weights, but spares a copy that has just come', () => {
    expect(shares('round-robin', [100, 300]).map((share) => share.toFixed(2))).toEqual(['0.50', '0.50']);
    const starting = targetsOf(100, 300).map((target, index) =>
      index === 0 ? { ...target, slowStartShare: 0.25 } : target,
    );
    expect(new ChooserForTest('round-robin', starting).shares(1_000)).toEqual(
      new Map([
        ['a', 200],
        ['b', 800],
      ]),
    );
  });

  test.each(['least-conn', 'least-request', 'random-two', 'ewma'] as const)(
    '%s gives a copy that became ten times slower a smaller share than round robin does',
    (strategy) => {
      const slow = (address: string): number => (address === 'a' ? 50 : 5);
      const count = 6_000;
      const fair = count / 3;
      const got = new ChooserForTest(strategy, targetsOf(100, 100, 100)).shares(count, slow).get('a') ?? 0;
      expect(got).toBeLessThan(fair * 0.7);
      const blind = new ChooserForTest('round-robin', targetsOf(100, 100, 100)).shares(count, slow).get('a');
      expect(blind).toBe(fair);
    },
  );

  test('ewma avoids a slow copy even where hardly anything is under way, which counting requests does not see', () => {
    const slow = (address: string): number => (address === 'a' ? 40 : 4);
    const alone = (strategy: ClientStrategy): number =>
      new ChooserForTest(strategy, targetsOf(100, 100)).shares(2_000, slow, 100).get('a') ?? 0;
    expect(alone('least-conn')).toBe(1_000);
    expect(alone('ewma')).toBeLessThan(100);
  });

  test('ewma does not take a copy that fails at once for a fast one', () => {
    const { chooser } = new ChooserForTest('ewma', targetsOf(100, 100));
    const two = { key: '', random: () => 0, isUsable: () => true };
    for (const [address, ok] of [
      ['a', false],
      ['b', true],
    ] as const) {
      chooser.begun(address);
      chooser.ended(address, { tookMs: ok ? 20 : 1, ok, nowMs: 1_000 });
    }
    expect(chooser.choose({ ...two, nowMs: 1_001 })).toBe('b');
  });

  test.each(clientStrategies)(
    '%s never chooses a copy that is not usable, and one as long as there is one',
    (strategy) => {
      fc.assert(
        fc.property(
          fc.array(fc.record({ weight: fc.integer({ min: 1, max: 1_000 }), usable: fc.boolean() }), {
            maxLength: 6,
          }),
          fc.string(),
          fc.integer(),
          (copies, key, seed) => {
            const targets = targetsOf(...copies.map(({ weight }) => weight));
            const fixture = new ChooserForTest(strategy, targets, { seed, self: key });
            copies.forEach(({ usable }, index) => {
              if (!usable) fixture.unusable.add(targets[index]?.address ?? '');
            });
            const chosen = fixture.choose(key);
            if (chosen === undefined) expect(copies.some(({ usable }) => usable)).toBe(false);
            else expect(fixture.unusable.has(chosen)).toBe(false);
          },
        ),
        { numRuns: 200 },
      );
    },
  );

  test.each(clientStrategies)('%s keeps giving every copy something while copies come and go', (strategy) => {
    const fixture = new ChooserForTest(strategy, targetsOf(100, 100));
    fixture.shares(100);
    fixture.chooser.update(targetsOf(100, 100, 100));
    fixture.shares(100);
    fixture.chooser.update(targetsOf(100));
    expect(fixture.shares(100)).toEqual(new Map([['a', 100]]));
  });
});

describe('the hash strategies', () => {
  const names = Array.from({ length: 2_000 }, (_, index) => `order-${index}`);
  const homes = (
    strategy: 'ip-hash' | 'consistent-hash',
    copies: number,
    unusable?: string,
  ): (string | undefined)[] => {
    const targets = targetsOf(...Array.from({ length: copies }, () => 100));
    const shared = new ChooserForTest('consistent-hash', targets);
    return names.map((name) => {
      const fixture = strategy === 'ip-hash' ? new ChooserForTest(strategy, targets, { self: name }) : shared;
      if (unusable !== undefined) fixture.unusable.add(unusable);
      return fixture.choose(name);
    });
  };
  const movedShare = (before: readonly unknown[], after: readonly unknown[]): number =>
    before.filter((home, index) => home !== after[index]).length / before.length;

  test('send the same caller or key to the same copy', () => {
    expect(homes('ip-hash', 4)).toEqual(homes('ip-hash', 4));
    expect(homes('consistent-hash', 4)).toEqual(homes('consistent-hash', 4));
  });

  test('give each copy about its share of callers', () => {
    for (const strategy of ['ip-hash', 'consistent-hash'] as const) {
      const there = homes(strategy, 4);
      for (const { address } of targetsOf(1, 1, 1, 1)) {
        expect(there.filter((home) => home === address).length / names.length).toBeGreaterThan(0.18);
      }
    }
  });

  test('differ when a copy leaves the list: the ring moves its keys alone, the modulo nearly all', () => {
    const ring = homes('consistent-hash', 5);
    const moved = movedShare(ring, homes('consistent-hash', 4));
    expect(moved).toBe(ring.filter((home) => home === 'e').length / names.length);
    expect(moved).toBeLessThan(0.3);
    expect(movedShare(homes('ip-hash', 5), homes('ip-hash', 4))).toBeGreaterThan(0.6);
  });

  test('move only the keys of a copy that stays in the list and cannot be used', () => {
    for (const strategy of ['ip-hash', 'consistent-hash'] as const) {
      const before = homes(strategy, 5);
      const moved = movedShare(before, homes(strategy, 5, 'e'));
      expect(moved).toBe(before.filter((home) => home === 'e').length / names.length);
    }
  });

  test('move little when the weight of one copy changes, on the ring', () => {
    const fixture = new ChooserForTest('consistent-hash', targetsOf(100, 100, 100, 100));
    const before = names.map((name) => fixture.choose(name));
    fixture.chooser.update(targetsOf(100, 100, 100, 50));
    const after = names.map((name) => fixture.choose(name));
    expect(movedShare(before, after)).toBeLessThan(0.2);
    before.forEach((home, index) => {
      if (home !== after[index]) expect(home).toBe('d');
    });
  });
});
