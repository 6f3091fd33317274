import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { memberStates } from './member.js';
import { slowStartShare } from './slow-start.js';
import { usableMembers, type Usable } from './usable-members.js';

const member = (state: Usable['state'], draining = false): Usable => ({ state, draining });
const [alive, suspect, dead, leaving, draining] = [
  member('alive'),
  member('suspect'),
  member('dead'),
  member('leaving'),
  member('alive', true),
];

describe('usable members', () => {
  test.each([
    ['the dead are left out', [alive, suspect, dead], [alive, suspect]],
    ['also when half of them are dead', [alive, dead], [alive]],
    ['but not when more are', [alive, dead, dead], [alive, dead, dead]],
    ['or when nobody else is there', [dead, dead], [dead, dead]],
    ['who goes is left out and is no sign of a mistake', [alive, leaving, draining, draining], [alive]],
    ['unless there are no others', [leaving, draining], [leaving, draining]],
    ['and counts for nobody', [leaving, dead, alive], [alive]],
  ])('%s', (_, members, usable) => expect(usableMembers(members, 0.5)).toEqual(usable));

  test('are never none where there are some, and never fewer than the share of those that stay', () => {
    const anyMember = fc.record({ state: fc.constantFrom(...memberStates), draining: fc.boolean() });
    fc.assert(
      fc.property(
        fc.array(anyMember, { minLength: 1 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (members, share) => {
          const usable = usableMembers(members, share);
          const staying = members.filter((one) => one.state !== 'leaving' && !one.draining);
          expect(usable.length).toBeGreaterThan(0);
          expect(usable.length).toBeGreaterThanOrEqual(share * staying.length);
        },
      ),
    );
  });
});

test('a slow start rises in steps to a full share', () => {
  const shares = [0, 1_499, 1_500, 2_999, 3_000, 1e9].map((ageMs) => slowStartShare(ageMs, 3_000));
  expect(shares).toEqual([0.25, 0.25, 0.5, 0.5, 1, 1]);
  expect(slowStartShare(0, 0)).toBe(1);
});
