import type { CacheEntry } from './cache-entry.js';

/** What this process has last seen under a key. */
export interface LocalCopy {
  readonly entry: CacheEntry;
  /** Of the Redis that it was seen in, or that was there last when it was loaded; undefined before there was any. */
  readonly incarnation: string | undefined;
  /** Until when it may stand in for Redis. */
  readonly untilMs: number;
}

/**
 * The keys that this process has read most recently, for the time when Redis is away: without them every read would go to the
 * database then.
 */
export class LocalCopies {
  /** In the order of use: the first is the one that goes. */
  private readonly copies = new Map<string, LocalCopy>();

  constructor(private readonly most: number) {}

  get(id: string): LocalCopy | undefined {
    return this.copies.get(id);
  }

  set(id: string, copy: LocalCopy): void {
    this.copies.delete(id);
    this.copies.set(id, copy);
    if (this.copies.size <= this.most) return;
    for (const oldest of this.copies.keys()) {
      this.copies.delete(oldest);
      return;
    }
  }

  forget(ids: readonly string[]): void {
    for (const id of ids) this.copies.delete(id);
  }
}
