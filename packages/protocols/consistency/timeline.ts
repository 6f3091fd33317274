/** How far the versions of a key had come at which time. Grows with its writes, not with its reads. */
export class Timeline {
  private readonly times: number[] = [];
  private readonly versions: number[] = [];

  /** `at` must not be earlier than in the call before; what is no newer version is passed over. */
  advance(at: number, version: number): void {
    if (version <= this.latest) return;
    this.times.push(at);
    this.versions.push(version);
  }

  /** -1 when there is none yet. */
  get latest(): number {
    return this.versions.at(-1) ?? -1;
  }

  /** The newest version that was there earlier than `time`; -1 when there was none. */
  before(time: number): number {
    const index = firstIndex(this.times, (at) => at >= time);
    return this.versions[index - 1] ?? -1;
  }

  /** When a version was first surpassed; undefined while it is the newest. */
  surpassedAt(version: number): number | undefined {
    return this.times[firstIndex(this.versions, (one) => one > version)];
  }
}

/** Of an ascending list: where `holds` becomes true, or its length. */
function firstIndex(values: readonly number[], holds: (value: number) => boolean): number {
  let low = 0;
  let high = values.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (holds(values[middle] ?? 0)) high = middle;
    else low = middle + 1;
  }
  return low;
}
