import { hashText } from './hash-text.js';

/** Points of a copy with a full share. The spread of shares goes with one over the root of it: 160 points keep it near 8 %. */
const pointsAtFullShare = 160;

/**
 * Consistent hashing (Karger and others, "Consistent Hashing and Random Trees", STOC 1997) with many points for each copy, as
 * ketama has it (Jones, 2007): when one of n copies leaves, its keys alone move, which are one in n; a hash modulo n moves nearly
 * all.
 */
export class HashRing {
  private readonly points: readonly { readonly at: number; readonly index: number }[];

  /**
   * @param addresses a copy's points come from its address alone, so that every caller has the same ring
   * @param shares 1 for a full share
   */
  constructor(addresses: readonly string[], shares: readonly number[]) {
    const points = addresses.flatMap((address, index) => {
      const count = Math.max(1, Math.round((shares[index] ?? 1) * pointsAtFullShare));
      return Array.from({ length: count }, (_, point) => ({ at: hashText(`${address}#${point}`), index }));
    });
    this.points = points.sort((left, right) => left.at - right.at || left.index - right.index);
  }

  /** The index of the copy that has `key`; of the next one on the ring where that is not usable; -1 when none is. */
  at(key: string, isUsable: (index: number) => boolean): number {
    const { points } = this;
    const first = this.firstFrom(hashText(key));
    for (let step = 0; step < points.length; step += 1) {
      const point = points[(first + step) % points.length];
      if (point !== undefined && isUsable(point.index)) return point.index;
    }
    return -1;
  }

  /** The first point at or after a place, by bisection. */
  private firstFrom(place: number): number {
    let low = 0;
    let high = this.points.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.points[middle]?.at ?? 0) < place) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
