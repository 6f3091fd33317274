import { setTimeout as sleep } from 'node:timers/promises';
import { Semaphore } from '../process/semaphore.js';
import { type CacheEntry, formatEntry, newEntry } from './cache-entry.js';
import type { CacheOptions, CacheParts, CacheSource, Loaded } from './cache-options.js';
import type { EntryReader } from './entry-reader.js';
import { spread } from './expiry.js';
import { Flights } from './flights.js';
import type { KnownIds } from './known-ids.js';
import { covers, floorAt, markOf, startMark, type Mark } from './mark.js';
import type { Leased, SharedEntries } from './shared-entries.js';
import type { Space } from './space.js';
import type { StandIns } from './stand-ins.js';

/** What a reader gets that has found nothing of use in the cache. */
export interface Fetched<Value> {
  readonly value: Value | undefined;
  readonly atLeast: Mark;
  readonly atMost: Mark;
  readonly loadedAtMs: number;
  /** `waited`: another process loaded it. `unknown`: the filter knows that there is none. */
  readonly how: 'loaded' | 'waited' | 'unknown' | 'unavailable';
}

interface FetchRequest {
  readonly id: string;
  readonly atLeast: Mark;
  /** In the background nobody waits for another process, and it is the primary that is asked. */
  readonly background: boolean;
}

/** Loads that run at once in a process, and those that wait for their turn. */
const mostLoads = 8;
const mostWaiting = 2_000;
/** Longer than a load takes; it ends sooner with the load. */
const leaseMs = 3_000;
/** How long another process's load is waited for. */
const leaseWaitMs = 250;
const shortestPauseMs = 5;
const longestPauseMs = 40;

/** How values come from the database into the cache: once at a time for each key, and not too many at a time. */
export class Fetches<Value> {
  private readonly flights = new Flights<Fetched<Value> | undefined>();
  private readonly loads = new Semaphore(mostLoads, mostWaiting);
  private settling: Promise<Space | undefined> | undefined;

  constructor(
    private readonly parts: Required<CacheParts>,
    private readonly options: CacheOptions<Value>,
    private readonly source: CacheSource<Value>,
    private readonly entries: SharedEntries,
    private readonly reader: EntryReader<Value>,
    private readonly standIns: StandIns,
    private readonly knownIds: KnownIds | undefined,
  ) {}

  /** What is being fetched under the key. */
  underWay(id: string): Promise<Fetched<Value> | undefined> | undefined {
    return this.parts.protections().singleFlight ? this.flights.get(id) : undefined;
  }

  async fetch(id: string, atLeast: Mark): Promise<Fetched<Value>> {
    const work = (): Promise<Fetched<Value>> => this.attempt({ id, atLeast, background: false });
    if (!this.parts.protections().singleFlight) return work();
    const flight = work();
    void this.flights.start(id, () => flight).catch(() => undefined);
    return flight;
  }

  /** Fetches anew what has expired, unless somebody does so already. */
  refresh(id: string): void {
    if (this.flights.get(id) !== undefined) return;
    const work = (): Promise<Fetched<Value> | undefined> => this.attemptInBackground(id);
    this.flights.start(id, work).catch((error: unknown) => {
      this.parts.logger.debug({ err: error, cache: this.options.name }, 'a value could not be fetched anew');
    });
  }

  /** Nobody shall get any more what began to be fetched before a write. */
  forget(ids: readonly string[]): void {
    this.flights.forget(ids);
  }

  /** Loads past the cache. */
  async load(id: string, latest: boolean): Promise<Loaded<Value>> {
    const load = async (): Promise<Loaded<Value>> => {
      this.parts.metrics.cacheLoads.inc({ cache: this.options.name });
      return latest ? this.source.loadLatest(id) : this.source.load(id);
    };
    return this.parts.protections().boundedLoads ? this.loads.use(load) : load();
  }

  private async attempt(request: FetchRequest): Promise<Fetched<Value>> {
    const first = await this.lease(request);
    if (first?.verdict !== 'taken' || !this.parts.protections().singleFlight) return this.use(first, request);
    return (await this.waitForOther(request)) ?? this.use(await this.lease(request), request);
  }

  /** Undefined when another process does it. */
  private async attemptInBackground(id: string): Promise<Fetched<Value> | undefined> {
    const request = { id, atLeast: startMark, background: true };
    const leased = await this.lease(request);
    return leased === undefined || leased.verdict === 'taken' ? undefined : this.use(leased, request);
  }

  private async lease({ id, atLeast }: FetchRequest): Promise<Leased | undefined> {
    const { filter, singleFlight, versions } = this.parts.protections();
    const known = filter ? this.knownIds : undefined;
    const leased = await this.entries.lease(id, {
      leaseMs: singleFlight || versions ? leaseMs : 0,
      filter: known?.trusted(atLeast),
    });
    if (leased === undefined || known === undefined) return leased;
    const covered = leased.complete !== null && covers(known.markIn(leased.complete), atLeast);
    if (known.isDue(leased.complete, covered)) void known.build();
    return leased;
  }

  private async use(leased: Leased | undefined, request: FetchRequest): Promise<Fetched<Value>> {
    const { id, atLeast } = request;
    if (leased === undefined) return this.loadAlone(request, 'unavailable');
    if (leased.verdict === 'unknown') {
      const mark = this.knownIds?.markIn(leased.complete) ?? startMark;
      const loadedAtMs = this.parts.now();
      return { value: undefined, atLeast: mark, atMost: mark, loadedAtMs, how: 'unknown' };
    }
    // Somebody may have stored it between our look and our lease.
    const found = this.reader.read(leased, atLeast);
    if (found.kind === 'fresh') {
      if (leased.verdict === 'leased') void this.entries.release(id, leased.token);
      return { ...found.entry, value: found.value, how: 'waited' };
    }
    if (leased.verdict === 'taken') return this.loadAlone(request, 'loaded');
    return this.loadAndStore({ ...leased, space: leased.space ?? (await this.settle()) }, request);
  }

  private async waitForOther({ id, atLeast }: FetchRequest): Promise<Fetched<Value> | undefined> {
    let pauseMs = shortestPauseMs;
    for (let waitedMs = 0; waitedMs < leaseWaitMs; waitedMs += pauseMs) {
      await sleep(pauseMs);
      pauseMs = Math.min(longestPauseMs, pauseMs * 2);
      const held = await this.entries.lookUp(id);
      if (held === undefined) return undefined;
      this.standIns.saw(held.space);
      const found = this.reader.read(held, atLeast);
      if (found.kind === 'fresh') return { ...found.entry, value: found.value, how: 'waited' };
    }
    return undefined;
  }

  private async loadAlone(
    { id, background }: FetchRequest,
    how: 'loaded' | 'unavailable',
  ): Promise<Fetched<Value>> {
    const loadedAtMs = this.parts.now();
    const { moment } = this.standIns;
    const loaded = await this.load(id, background);
    const entry = this.entryOf(loaded, loadedAtMs);
    if (how === 'unavailable') this.standIns.remember(id, entry, moment);
    return { ...entry, value: loaded.value, how };
  }

  private async loadAndStore(leased: Leased, { id, background }: FetchRequest): Promise<Fetched<Value>> {
    const loadedAtMs = this.parts.now();
    const { moment } = this.standIns;
    const floors = this.floorsOf(leased);
    this.standIns.saw(leased.space);
    // After a write a replica may be behind, and what it answers could not be stored.
    const written = floors.key !== startMark;
    let loaded = await this.loadOrRelease(leased, id, background || written);
    const isCurrent = (): boolean =>
      Object.values(floors).every((floor) => covers(markOf(loaded.atLeast), floor));
    if (this.parts.protections().versions && !background && !written && !isCurrent()) {
      loaded = await this.loadOrRelease(leased, id, true);
    }
    const entry = this.entryOf(loaded, loadedAtMs);
    this.standIns.remember(id, entry, moment);
    await this.put(leased, id, entry);
    return { ...entry, value: loaded.value, how: 'loaded' };
  }

  private async loadOrRelease(leased: Leased, id: string, latest: boolean): Promise<Loaded<Value>> {
    try {
      return await this.load(id, latest);
    } catch (error) {
      void this.entries.release(id, leased.token);
      throw error;
    }
  }

  private async put(leased: Leased, id: string, entry: CacheEntry): Promise<void> {
    const { nullMarker, versions } = this.parts.protections();
    const { token } = leased;
    const kept = entry.kind === 'absent' ? 0 : Math.max(this.options.staleMs, this.options.mostStaleMs);
    const ttlMs = Math.ceil(entry.freshUntilMs - entry.loadedAtMs + kept);
    if (entry.kind === 'absent' && !nullMarker) return this.entries.release(id, token);
    if (versions) {
      const outcome = await this.entries.put(id, { token, entry, ttlMs });
      return this.countStore(outcome ?? 'unavailable');
    }
    await this.entries.putBlindly(id, formatEntry(entry), ttlMs);
    this.countStore('stored');
    if (leased.verdict === 'leased') await this.entries.release(id, token);
  }

  private floorsOf({ text, space }: Leased): { key: Mark; space: Mark } {
    return { key: this.reader.floorOf(text), space: space?.floor ?? startMark };
  }

  private entryOf(loaded: Loaded<Value>, loadedAtMs: number): CacheEntry {
    const { value, atLeast, atMost } = loaded;
    const { ttlMs, absentTtlMs } = this.options;
    const fresh = value === undefined ? absentTtlMs : ttlMs;
    const jitter = this.parts.protections().jitter;
    return newEntry({
      kind: value === undefined ? 'absent' : 'value',
      atLeast: markOf(atLeast),
      atMost: markOf(atMost),
      loadedAtMs,
      freshUntilMs: loadedAtMs + (jitter ? spread(fresh, this.parts.random()) : fresh),
      payload: value === undefined ? '' : JSON.stringify(value),
    });
  }

  /** Makes the space of a Redis that knows nothing: what is loaded from now on shows every write before now. */
  settle(): Promise<Space | undefined> {
    this.settling ??= this.source
      .position()
      .then((position) => this.entries.settle(floorAt(position), false))
      // Without a primary nothing can be stored, and everything is loaded.
      .catch(() => undefined)
      .finally(() => (this.settling = undefined));
    return this.settling;
  }

  private countStore(outcome: string): void {
    this.parts.metrics.cacheStores.inc({ cache: this.options.name, outcome });
  }
}
