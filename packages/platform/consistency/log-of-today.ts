import { startPosition, type Position } from '../postgres/position.js';
import type { Members } from '../postgres/members.js';
import { unplacedLsn } from './session-token.js';

/**
 * Where a position of whatever epoch is in the log of the current one: its LSN, since a log goes on with the LSNs of the
 * one before. `lost`: a failover cut the log off before it. `ahead`: in an epoch that this process has not heard of yet, or
 * somewhere that is not known, so that only the primary surely shows it.
 */
export type Place = bigint | 'lost' | 'ahead';

/** The write-ahead log as it is since the latest failover. */
export class LogOfToday {
  constructor(private readonly members: Pick<Members, 'epoch' | 'endOf'>) {}

  get epoch(): number {
    return this.members.epoch;
  }

  placeOf({ epoch, lsn }: Position): Place {
    if (lsn === startPosition.lsn) return lsn;
    const { epoch: today } = this.members;
    if (epoch > today) return 'ahead';
    if (epoch === today) return lsn === unplacedLsn ? 'ahead' : lsn;
    // Each later epoch began somewhere on what it followed, perhaps before the one in between had begun.
    for (let ended = epoch; ended < today; ended += 1) {
      const end = this.members.endOf(ended);
      if (end === undefined || lsn > end) return 'lost';
    }
    return lsn;
  }

  /**
   * The least that shows both. Comparing epochs alone would not do: a server of a later epoch that is behind shows less
   * than an earlier position asks for.
   */
  later(one: Position, other: Position): Position {
    const [placeOfOne, placeOfOther] = [this.placeOf(one), this.placeOf(other)];
    if (typeof placeOfOne !== 'bigint') return one;
    if (typeof placeOfOther !== 'bigint') return other;
    if (placeOfOne === startPosition.lsn) return other;
    if (placeOfOther === startPosition.lsn) return one;
    return { epoch: this.epoch, lsn: placeOfOne > placeOfOther ? placeOfOne : placeOfOther };
  }
}
