/**
 * Latencies up to 2^31 µs in buckets whose width is below 1 % of their value; recording is a shift and an add. The layout
 * is that of HdrHistogram (Gil Tene): octaves, each cut into equally wide buckets.
 */
const mantissaBits = 7;
const bucketsInOctave = 1 << mantissaBits;
const octaves = 31 - mantissaBits;
const buckets = (octaves + 1) * bucketsInOctave;

/** How far a quantile may lie from the recorded value that it stands for, as a share of it: half a bucket. */
export const histogramRelativeError = 1 / (2 * bucketsInOctave);

/** The buckets that are not empty: what is sent to another process, which adds it up. */
export interface HistogramCounts {
  readonly indexes: readonly number[];
  readonly counts: readonly number[];
  readonly sumUs: number;
  readonly maxUs: number;
}

export class Histogram {
  private readonly counts = new Uint32Array(buckets);
  private total = 0;
  private sum = 0;
  private max = 0;

  record(valueUs: number): void {
    const index = bucketOf(valueUs);
    this.counts[index] = (this.counts[index] ?? 0) + 1;
    this.total += 1;
    this.sum += valueUs;
    if (valueUs > this.max) this.max = valueUs;
  }

  get count(): number {
    return this.total;
  }

  /** Of the values as they were recorded, not of their buckets; 0 when there are none. */
  get meanUs(): number {
    return this.total === 0 ? 0 : this.sum / this.total;
  }

  get maxUs(): number {
    return this.max;
  }

  /** The value that a share (0 to 1) of all records does not exceed; 0 when there are none. */
  quantileUs(share: number): number {
    const wanted = Math.max(1, Math.ceil(share * this.total));
    let seen = 0;
    for (let index = 0; index < this.counts.length; index++) {
      seen += this.counts[index] ?? 0;
      if (seen >= wanted) return middleOf(index);
    }
    return 0;
  }

  /** The share of all records above a value, as exactly as its bucket allows; 0 when there are none. */
  shareAbove(valueUs: number): number {
    let above = 0;
    for (let index = bucketOf(valueUs) + 1; index < this.counts.length; index++)
      above += this.counts[index] ?? 0;
    return this.total === 0 ? 0 : above / this.total;
  }

  add(other: HistogramCounts): void {
    for (const [at, index] of other.indexes.entries()) {
      const count = other.counts[at] ?? 0;
      this.counts[index] = (this.counts[index] ?? 0) + count;
      this.total += count;
    }
    this.sum += other.sumUs;
    this.max = Math.max(this.max, other.maxUs);
  }

  toCounts(): HistogramCounts {
    const indexes: number[] = [];
    const counts: number[] = [];
    for (let index = 0; index < this.counts.length; index++) {
      const count = this.counts[index] ?? 0;
      if (count === 0) continue;
      indexes.push(index);
      counts.push(count);
    }
    return { indexes, counts, sumUs: this.sum, maxUs: this.max };
  }
}

/** Values below 2^mantissaBits have a bucket each; above, every octave is cut into as many. */
function bucketOf(valueUs: number): number {
  const value = Math.max(0, Math.min(valueUs, 0x7fffffff)) | 0;
  const shift = Math.max(0, 31 - Math.clz32(value) - mantissaBits);
  return shift * bucketsInOctave + (value >>> shift);
}

function middleOf(index: number): number {
  if (index < 2 * bucketsInOctave) return index;
  const shift = Math.floor(index / bucketsInOctave) - 1;
  const low = (index - shift * bucketsInOctave) * 2 ** shift;
  return low + (2 ** shift - 1) / 2;
}
