import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { covers, floorAt, markLength, markOf, positionOf } from './mark.js';

const positions = fc.record({
  epoch: fc.integer({ min: 0, max: 0xffffffff }),
  lsn: fc.bigInt({ min: 0n, max: 0xffffffffffffffffn }),
});

describe('a mark', () => {
  it('is a position as text of one width', () => {
    fc.assert(
      fc.property(positions, (position) => {
        const mark = markOf(position);
        expect(mark).toHaveLength(markLength);
        expect(positionOf(mark)).toEqual(position);
      }),
    );
  });

  it('covers another when neither its epoch nor its place in the log is before it', () => {
    fc.assert(
      fc.property(positions, positions, (one, other) => {
        expect(covers(markOf(one), markOf(other))).toBe(one.epoch >= other.epoch && one.lsn >= other.lsn);
      }),
    );
  });

  it('does not cover what a later epoch has, too, when its server is behind', () => {
    expect(covers(markOf({ epoch: 2, lsn: 900n }), markOf({ epoch: 1, lsn: 1_000n }))).toBe(false);
  });

  it('that a write sets is one byte below the position, and never below the start', () => {
    expect(positionOf(floorAt({ epoch: 3, lsn: 8n }))).toEqual({ epoch: 3, lsn: 7n });
    expect(positionOf(floorAt({ epoch: 0, lsn: 0n }))).toEqual({ epoch: 0, lsn: 0n });
  });
});
