/** Latencies up to 2^31 µs in buckets whose width is below 1 % of their value; recording is a shift and an add. */
const mantissaBits = 7;
const bucketsInOctave = 1 << mantissaBits;
const octaves = 31 - mantissaBits;

export class Histogram {
  private readonly counts = new Uint32Array((octaves + 1) * bucketsInOctave);
  private total = 0;

  record(valueUs: number): void {
    const index = bucketOf(valueUs);
    this.counts[index] = (this.counts[index] ?? 0) + 1;
    this.total += 1;
  }

  get count(): number {
    return this.total;
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
