/** Loads under way in this process, by key: whoever wants what is being loaded waits for it instead of loading it again. */
export class Flights<Result> {
  private readonly underWay = new Map<string, Promise<Result>>();

  get(key: string): Promise<Result> | undefined {
    return this.underWay.get(key);
  }

  start(key: string, load: () => Promise<Result>): Promise<Result> {
    const flight = load().finally(() => {
      if (this.underWay.get(key) === flight) this.underWay.delete(key);
    });
    this.underWay.set(key, flight);
    return flight;
  }

  /** Nobody joins any more what began before a write. */
  forget(keys: readonly string[]): void {
    for (const key of keys) this.underWay.delete(key);
  }
}
