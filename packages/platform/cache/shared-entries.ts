import { randomBytes } from 'node:crypto';
import type { CacheStore } from './cache-store.js';
import { formatContent, letterOf, type CacheEntry } from './cache-entry.js';
import { startMark, type Mark } from './mark.js';
import { newIncarnation, parseSpace, type Space } from './space.js';

/** What Redis holds under a key, as it is. */
export interface Held {
  readonly text: string | null;
  readonly space: Space | undefined;
}

/** What a reader got that found nothing of use. */
export interface Leased extends Held {
  /**
   * `leased`: the caller loads, and may store. `taken`: somebody else is loading. `unknown`: the filter has never heard of
   * the id. `unleased`: the caller wanted none.
   */
  readonly verdict: 'leased' | 'taken' | 'unknown' | 'unleased';
  readonly token: string;
  /** What is known of the known ids, as it is; null when they are not complete. */
  readonly complete: string | null;
}

export interface LeaseRequest {
  /** 0 for none. */
  readonly leaseMs: number;
  /** The filter must know every id up to here; undefined for no filter. */
  readonly filter: { readonly covers: Mark; readonly builtAfter: string } | undefined;
}

export type StoreOutcome = 'stored' | 'lease-lost' | 'below-floor' | 'older' | 'no-space';

/** So many keys are invalidated in one script, which nobody else's commands run beside. */
const mostAtOnce = 100;

/** The entries of one cache in Redis. Undefined where an answer is missing: Redis is away. */
export class SharedEntries {
  readonly knownKey: string;
  private readonly spaceKey: string;

  constructor(
    private readonly store: CacheStore,
    private readonly name: string,
    private readonly floorTtlMs: number,
  ) {
    this.spaceKey = `${name}@space`;
    this.knownKey = `${name}@known`;
  }

  async lookUp(id: string): Promise<Held | undefined> {
    const answer = await this.store.run('mget', (redis) => redis.mget(this.entryKey(id), this.spaceKey));
    return answer && { text: answer[0] ?? null, space: parseSpace(answer[1]) };
  }

  async lease(id: string, { leaseMs, filter }: LeaseRequest): Promise<Leased | undefined> {
    const token = randomBytes(8).toString('hex');
    const keys = [this.entryKey(id), this.leaseKey(id), this.spaceKey, this.knownKey];
    const { covers, builtAfter } = filter ?? { covers: startMark, builtAfter: '' };
    const filtering = filter === undefined ? '0' : '1';
    const answer = (await this.store.run('cacheLease', (redis) =>
      redis.cacheLease(...keys, id, token, leaseMs, filtering, covers, builtAfter),
    )) as [string | null, string | null, Leased['verdict'], string | null] | undefined;
    if (answer === undefined) return undefined;
    const [text, space, verdict, complete] = answer;
    return { text, space: parseSpace(space), verdict, token, complete };
  }

  async put(
    id: string,
    { token, entry, ttlMs }: { token: string; entry: CacheEntry; ttlMs: number },
  ): Promise<StoreOutcome | undefined> {
    const keys = [this.entryKey(id), this.leaseKey(id), this.spaceKey];
    const content = [letterOf(entry.kind), formatContent(entry)];
    const outcome = await this.store.run('cacheStore', (redis) =>
      redis.cacheStore(...keys, token, entry.atLeast, ...content, ttlMs),
    );
    return outcome as StoreOutcome | undefined;
  }

  /** Without asking whether a write came in between. */
  async putBlindly(id: string, text: string, ttlMs: number): Promise<void> {
    await this.store.run('set', (redis) => redis.set(this.entryKey(id), text, 'PX', ttlMs));
  }

  async release(id: string, token: string): Promise<void> {
    await this.store.run('cacheDrop', (redis) => redis.cacheDrop(this.leaseKey(id), token));
  }

  /** Drops what is held under the key, if it is still `text`. */
  async drop(id: string, text: string): Promise<void> {
    await this.store.run('cacheDrop', (redis) => redis.cacheDrop(this.entryKey(id), text));
  }

  /** Drops what is held and lets go of nobody's lease: cache-aside as most write it. */
  async dropBlindly(ids: readonly string[]): Promise<boolean> {
    const dropped = await this.store.run('del', (redis) => redis.del(...ids.map((id) => this.entryKey(id))));
    return dropped !== undefined;
  }

  /** False when Redis could not be told of all of them. `returning`: when it is just coming back. */
  async invalidate(ids: readonly string[], floor: Mark, returning: boolean): Promise<boolean> {
    for (let from = 0; from < ids.length; from += mostAtOnce) {
      const batch = ids.slice(from, from + mostAtOnce);
      const keys = [this.knownKey, ...batch.flatMap((id) => [this.entryKey(id), this.leaseKey(id)])];
      const run = returning ? this.store.attempt.bind(this.store) : this.store.run.bind(this.store);
      const done = await run('cacheInvalidate', (redis) =>
        redis.cacheInvalidate(keys.length, ...keys, floor, this.floorTtlMs, ...batch),
      );
      if (done === undefined) return false;
    }
    return true;
  }

  /** Makes the space, if there is none; `raise` lifts the floor of one that is there. */
  async settle(floor: Mark, raise: boolean): Promise<Space | undefined> {
    const answer = await this.store.attempt('cacheSpace', (redis) =>
      redis.cacheSpace(this.spaceKey, newIncarnation(), floor, raise ? '1' : '0'),
    );
    return parseSpace(answer as string | undefined);
  }

  private entryKey(id: string): string {
    return `${this.name}:${id}`;
  }

  private leaseKey(id: string): string {
    return `${this.name}@lease:${id}`;
  }
}
