import type { CacheEntry } from './cache-entry.js';
import type { CacheOptions, CacheParts } from './cache-options.js';
import { LocalCopies } from './local-copies.js';
import { covers, type Mark } from './mark.js';
import type { Held } from './shared-entries.js';
import type { Space } from './space.js';

const mostCopies = 10_000;

/** While Redis is away, a copy lives up to so many TTLs, one and a half on average. */
const longestLives = 2;

/**
 * What stands in for Redis while it is away, and after it has come back without its memory until this process's copy has
 * expired: so neither its death nor its return sends every key to the database at once. Copies live longer than what is in
 * Redis, since each process has to load its own.
 */
export class StandIns {
  private readonly copies = new LocalCopies(mostCopies);
  private writes = 0;
  /** Of the Redis that was there last. */
  private incarnation: string | undefined;

  constructor(
    private readonly parts: Required<CacheParts>,
    private readonly options: Pick<CacheOptions<unknown>, 'ttlMs' | 'absentTtlMs'>,
    private readonly epoch: () => number,
  ) {}

  /** What was read at one moment is not remembered after a write that came later. */
  get moment(): number {
    return this.writes;
  }

  /** @param space of the Redis that is there; undefined where there is none */
  saw(space: Space | undefined): void {
    this.incarnation = space?.incarnation ?? this.incarnation;
  }

  /** @param moment before it was read */
  remember(id: string, entry: CacheEntry, moment: number): void {
    if (moment !== this.writes) return;
    const known = this.copies.get(id);
    if (known?.entry.loadedAtMs === entry.loadedAtMs && known.incarnation === this.incarnation) return;
    const lifeMs = entry.kind === 'absent' ? this.options.absentTtlMs : this.options.ttlMs;
    const untilMs = entry.loadedAtMs + lifeMs * (1 + (longestLives - 1) * this.parts.random());
    this.copies.set(id, { entry, incarnation: this.incarnation, untilMs });
  }

  /** @param held what Redis says; undefined while it is away */
  find(id: string, atLeast: Mark, held: Held | undefined, floor: Mark): CacheEntry | undefined {
    const { localCopies } = this.parts.protections();
    const copy = localCopies ? this.copies.get(id) : undefined;
    if (copy === undefined || this.parts.now() >= copy.untilMs) return undefined;
    // That Redis has its memory still, and knows better: what it does not have has expired, was evicted, or written to. So may
    // one that this process had not seen before.
    const { incarnation } = copy;
    const space = held?.space;
    if (space !== undefined && (incarnation === undefined || incarnation === space.incarnation))
      return undefined;
    const { entry } = copy;
    const current = Number.parseInt(entry.atLeast.slice(0, 8), 16) >= this.epoch();
    return current && covers(entry.atLeast, atLeast) && covers(entry.atLeast, floor) ? entry : undefined;
  }

  /** However long ago it was seen. */
  last(id: string): CacheEntry | undefined {
    return this.copies.get(id)?.entry;
  }

  forget(ids: readonly string[]): void {
    this.writes += 1;
    this.copies.forget(ids);
  }
}
