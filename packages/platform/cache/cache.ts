import { parseEntry, type CacheEntry } from './cache-entry.js';
import type { CacheDemand, CacheOptions, CacheParts, CacheSource, Found } from './cache-options.js';
import { EntryReader, type EntryReading } from './entry-reader.js';
import { Fetches, type Fetched } from './fetches.js';
import { Flights } from './flights.js';
import { Invalidations } from './invalidations.js';
import { KnownIds } from './known-ids.js';
import { covers, markOf, positionOf, type Mark } from './mark.js';
import { SharedEntries, type Held } from './shared-entries.js';
import { StandIns } from './stand-ins.js';

/** How a read was answered; one for each. */
type ReadResult =
  | 'hit'
  | 'absent'
  | 'stale'
  /** By another read of this process that was loading, or by another process that was. */
  | 'shared'
  | 'waited'
  /** By the filter: there is no such id. */
  | 'unknown'
  /** From this process's memory, since Redis is away or has just come back. */
  | 'copy'
  | 'miss'
  /** What is cached is older than what this reader has seen or written. */
  | 'behind'
  | 'unreadable'
  | 'unavailable'
  /** The reader wants no cache. */
  | 'bypassed'
  | 'degraded';

/** A read that shared another's load and got too little from it loads by itself after so many times. */
const mostShared = 3;

/**
 * Cache-aside: a read looks in Redis first and loads what it misses. Every entry knows the place in the database's log that
 * it was read at, so that no reader gets less than its consistency level promises, and nothing that was read before a write
 * is stored after it.
 */
export class Cache<Value> {
  private readonly parts: Required<CacheParts>;
  private readonly entries: SharedEntries;
  private readonly looks = new Flights<Held | undefined>();
  private readonly reader: EntryReader<Value>;
  private readonly standIns: StandIns;
  private readonly fetches: Fetches<Value>;
  private readonly invalidations: Invalidations;
  private readonly knownIds: KnownIds | undefined;

  constructor(
    parts: CacheParts,
    private readonly options: CacheOptions<Value>,
    source: CacheSource<Value>,
  ) {
    this.parts = { now: Date.now, random: Math.random, ...parts };
    const { store, logger, metrics, now } = this.parts;
    const { name } = options;
    this.entries = new SharedEntries(store, name, options.floorTtlMs);
    this.reader = new EntryReader(this.parts, options, source);
    this.standIns = new StandIns(this.parts, options, () => source.epoch());
    this.knownIds =
      source.allIds === undefined
        ? undefined
        : new KnownIds(
            store,
            this.entries.knownKey,
            source.allIds.bind(source),
            (error) => logger.warn({ err: error, cache: name }, 'the filter of known ids could not be built'),
            now,
          );
    this.fetches = new Fetches(
      this.parts,
      options,
      source,
      this.entries,
      this.reader,
      this.standIns,
      this.knownIds,
    );
    this.invalidations = new Invalidations(
      this.entries,
      store,
      () => source.position(),
      (outcome, ids) => metrics.cacheInvalidations.inc({ cache: name, outcome }, ids),
    );
  }

  /** @throws what loading throws; Problem `overloaded` when too many loads wait */
  async read(id: string, { allowed, atLeast }: CacheDemand): Promise<Found<Value>> {
    if (!allowed) return this.bypass(id);
    const demanded = markOf(atLeast);
    const { moment } = this.standIns;
    const held = await this.lookUp(id);
    this.standIns.saw(held?.space);
    const reading = held === undefined ? undefined : this.reader.read(held, demanded);
    if (held !== undefined && reading !== undefined) {
      const found = this.foundHeld(id, held, reading, moment);
      if (found !== undefined) return found;
      if (held.space === undefined) void this.fetches.settle();
    }
    const copy = this.standIns.find(id, demanded, held, this.reader.floorOf(held?.text ?? null));
    if (copy !== undefined) return this.foundIn(copy, this.reader.valueOf(copy), 'copy');
    return this.fetch(id, demanded, reading === undefined ? 'unavailable' : missedBy(reading.kind));
  }

  /**
   * What there is without loading: any value that is at most `mostStaleMs` old, for a shop that would fail otherwise.
   * Undefined when there is none.
   */
  async peek(id: string): Promise<Found<Value> | undefined> {
    const held = await this.entries.lookUp(id);
    const shared = held?.text === null || held === undefined ? undefined : parseEntry(held.text);
    for (const entry of [shared, this.standIns.last(id)]) {
      if (entry === undefined || entry.payload === '') continue;
      const value = this.reader.valueOf(entry);
      const ageMs = this.parts.now() - entry.loadedAtMs;
      if (value !== undefined && ageMs <= this.options.mostStaleMs)
        return this.foundIn(entry, value, 'degraded');
    }
    return undefined;
  }

  /** Makes known, before they are committed, that there will be these ids: a filter must not deny them. */
  async announce(ids: readonly string[]): Promise<void> {
    await this.knownIds?.announce(ids);
  }

  /** To be called after a write to these ids is committed. While Redis is away, it is told when it returns. */
  async invalidate(ids: readonly string[]): Promise<void> {
    if (ids.length === 0) return;
    this.looks.forget(ids);
    this.fetches.forget(ids);
    this.standIns.forget(ids);
    if (this.parts.protections().versions) await this.invalidations.add(ids);
    else await this.entries.dropBlindly(ids);
  }

  close(): void {
    this.invalidations.close();
  }

  /** Readers of a hot key who come at once share one look, and see what was there when the first came. */
  private lookUp(id: string): Promise<Held | undefined> {
    if (!this.parts.protections().singleFlight) return this.entries.lookUp(id);
    return this.looks.get(id) ?? this.looks.start(id, () => this.entries.lookUp(id));
  }

  private async bypass(id: string): Promise<Found<Value>> {
    this.count('bypassed');
    const { value, atMost } = await this.fetches.load(id, false);
    return { value, from: 'source', ageMs: 0, atMost };
  }

  private foundHeld(
    id: string,
    held: Held,
    reading: EntryReading<Value>,
    moment: number,
  ): Found<Value> | undefined {
    switch (reading.kind) {
      case 'stale':
        this.fetches.refresh(id);
        return this.foundIn(reading.entry, reading.value, 'stale');
      case 'fresh':
        this.standIns.remember(id, reading.entry, moment);
        return this.foundIn(reading.entry, reading.value, reading.value === undefined ? 'absent' : 'hit');
      case 'unreadable':
        this.parts.metrics.cacheDropped.inc({ cache: this.options.name });
        if (held.text !== null) void this.entries.drop(id, held.text);
        return undefined;
      case 'behind':
      case 'miss':
        return undefined;
    }
  }

  /** @param missed what the read counts as when it loads */
  private async fetch(id: string, atLeast: Mark, missed: ReadResult): Promise<Found<Value>> {
    for (let shared = 0; shared < mostShared; shared += 1) {
      const underWay = this.fetches.underWay(id);
      if (underWay === undefined) break;
      // What another reader was refused may be granted to this one.
      const fetched = await underWay.catch(() => undefined);
      if (fetched !== undefined && covers(fetched.atLeast, atLeast))
        return this.foundBy(fetched, 'shared', 'cache');
    }
    const fetched = await this.fetches.fetch(id, atLeast);
    switch (fetched.how) {
      case 'loaded':
        return this.foundBy(fetched, missed, 'source');
      case 'unavailable':
        return this.foundBy(fetched, 'unavailable', 'source');
      case 'waited':
      case 'unknown':
        return this.foundBy(fetched, fetched.how, 'cache');
    }
  }

  private foundIn(entry: CacheEntry, value: Value | undefined, result: ReadResult): Found<Value> {
    this.count(result);
    const ageMs = Math.max(0, this.parts.now() - entry.loadedAtMs);
    return { value, from: 'cache', ageMs, atMost: positionOf(entry.atMost) };
  }

  private foundBy(fetched: Fetched<Value>, result: ReadResult, from: Found<Value>['from']): Found<Value> {
    this.count(result);
    const ageMs = Math.max(0, this.parts.now() - fetched.loadedAtMs);
    return { value: fetched.value, from, ageMs, atMost: positionOf(fetched.atMost) };
  }

  private count(result: ReadResult): void {
    this.parts.metrics.cacheReads.inc({ cache: this.options.name, result });
  }
}

function missedBy(kind: EntryReading<unknown>['kind']): ReadResult {
  return kind === 'behind' || kind === 'unreadable' ? kind : 'miss';
}
