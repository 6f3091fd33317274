import { randomBytes } from 'node:crypto';
import type { Position } from '../postgres/position.js';
import type { CacheStore } from './cache-store.js';
import { formatTime } from './cache-entry.js';
import { markOf, markLength, type Mark } from './mark.js';

/** All ids that there are, as they were at a position of the primary's. */
export interface AllIds {
  readonly ids: readonly string[];
  readonly atLeast: Position;
}

/** So many at once go into the filter, which nobody else's commands run beside. */
const mostAtOnce = 1_000;
/** The filter is made anew at most so often. */
const shortestPauseMs = 1_000;
/** One that is older is made anew in the background, and one twice as old is not believed: ids may be born behind its back. */
const renewAfterMs = 30_000;
const keptMs = 600_000;

/**
 * A filter in front of the database: a hash in Redis with every id that there is. What is not in it was never made, so
 * random keys do not reach the database. An id is added before it is committed, so that the filter may know too much and
 * never too little; it is built from the primary, and its mark tells up to which write it surely knows everything.
 */
export class KnownIds {
  private building: Promise<void> | undefined;
  private builtAtMs = 0;

  constructor(
    private readonly store: CacheStore,
    private readonly key: string,
    private readonly all: () => Promise<AllIds>,
    private readonly failed: (error: unknown) => void,
    private readonly now: () => number,
  ) {}

  /** What the filter must be for its word to count. */
  trusted(covers: Mark): { readonly covers: Mark; readonly builtAfter: string } {
    return { covers, builtAfter: formatTime(Math.max(0, this.now() - 2 * renewAfterMs)) };
  }

  /** @param complete the field of that name, as it is */
  isDue(complete: string | null, covered: boolean): boolean {
    if (complete === null || !covered) return true;
    return Number.parseInt(complete.slice(markLength), 16) < this.now() - renewAfterMs;
  }

  markIn(complete: string | null): Mark {
    return (complete ?? '').slice(0, markLength);
  }

  /** Makes it known that there will be these. */
  async announce(ids: readonly string[]): Promise<void> {
    const fields = ids.flatMap((id) => [`:${id}`, '']);
    await this.store.run('hset', (redis) => redis.hset(this.key, ...fields));
  }

  /** Builds the filter, unless this process has just done so. Does not throw: without a filter, reads are only slower. */
  build(): Promise<void> {
    if (this.now() - this.builtAtMs < shortestPauseMs) return Promise.resolve();
    this.building ??= this.buildNow()
      .catch(this.failed)
      .finally(() => {
        this.building = undefined;
        this.builtAtMs = this.now();
      });
    return this.building;
  }

  private async buildNow(): Promise<void> {
    const token = randomBytes(8).toString('hex');
    // Before the ids are read: when the hash is lost after this, the mark is, too, and the build comes to nothing.
    await this.store.run('hset', (redis) => redis.hset(this.key, `@building:${token}`, ''));
    await this.store.run('pexpire', (redis) => redis.pexpire(this.key, keptMs));
    const builtAt = formatTime(this.now());
    const { ids, atLeast } = await this.all();
    for (let from = 0; from < ids.length; from += mostAtOnce) {
      const batch = ids.slice(from, from + mostAtOnce);
      const added = await this.store.run('cacheKnow', (redis) => redis.cacheKnow(this.key, token, ...batch));
      if (added !== 1) return;
    }
    const complete = markOf(atLeast) + builtAt;
    await this.store.run('cacheKnowAll', (redis) => redis.cacheKnowAll(this.key, token, complete, keptMs));
  }
}
