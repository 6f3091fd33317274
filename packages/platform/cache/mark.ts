import type { Position } from '../postgres/position.js';

/**
 * A position as text of fixed width, so that Redis can compare it: 8 hexadecimal digits of the epoch, 16 of the LSN. Lua's
 * numbers would not hold an LSN.
 */
export type Mark = string;

const epochDigits = 8;
const lsnDigits = 16;
export const markLength = epochDigits + lsnDigits;

/** Covered by everything. */
export const startMark: Mark = '0'.repeat(markLength);

export function markOf({ epoch, lsn }: Position): Mark {
  return epoch.toString(16).padStart(epochDigits, '0') + lsn.toString(16).padStart(lsnDigits, '0');
}

export function positionOf(mark: Mark): Position {
  return {
    epoch: Number.parseInt(mark.slice(0, epochDigits), 16),
    lsn: BigInt(`0x${mark.slice(epochDigits)}`),
  };
}

/**
 * The floor that a write sets which was committed and acknowledged before the primary was asked for its position. It is one
 * byte below it, as is the mark of a load from the primary: a commit is in the log a moment before others can see it (and,
 * while it waits for a synchronous replica, a long moment), so what lies right at a position may not have been seen there.
 */
export function floorAt({ epoch, lsn }: Position): Mark {
  return markOf({ epoch, lsn: lsn > 0n ? lsn - 1n : lsn });
}

/**
 * Whether what was read at `mark` surely shows `other`. A later epoch alone does not do: its log goes on with the LSNs of the
 * one before, and a server of it may be behind.
 */
export function covers(mark: Mark, other: Mark): boolean {
  return (
    mark.slice(0, epochDigits) >= other.slice(0, epochDigits) &&
    mark.slice(epochDigits) >= other.slice(epochDigits)
  );
}
