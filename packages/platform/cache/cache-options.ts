import type { z } from 'zod';
import type { Logger } from '../logging/logger.js';
import type { Metrics } from '../metrics/metrics.js';
import type { Position } from '../postgres/position.js';
import type { CacheProtections } from '../settings/settings.js';
import type { CacheStore } from './cache-store.js';
import type { AllIds } from './known-ids.js';

export interface CacheOptions<Value> {
  /** Prefix of the keys, and the cache's name in the metrics. */
  readonly name: string;
  /** A cached value that does not fit is dropped, never served. */
  readonly schema: z.ZodType<Value>;
  /** How long a value is fresh, on average. */
  readonly ttlMs: number;
  /** How long it is remembered that there is nothing under a key, on average. */
  readonly absentTtlMs: number;
  /** How long a value that has expired is still shown while a new one is fetched. */
  readonly staleMs: number;
  /** How old a value may be for a reader who would rather have an old answer than none. */
  readonly mostStaleMs: number;
  /** Longer than any load may take, and than a replica that is read from may be behind. */
  readonly floorTtlMs: number;
}

/** What was loaded, and when it was true. */
export interface Loaded<Value> {
  /** Undefined when there is none. */
  readonly value: Value | undefined;
  /** It surely shows every write up to here. */
  readonly atLeast: Position;
  /** It shows no write after it. */
  readonly atMost: Position;
}

/** The database behind a cache. */
export interface CacheSource<Value> {
  /** In the way that the request wants its reads answered. */
  load(id: string): Promise<Loaded<Value>>;
  /** From the primary, on nobody's behalf. */
  loadLatest(id: string): Promise<Loaded<Value>>;
  /** Every id there is, from the primary; without it, random ids are not filtered. */
  allIds?(): Promise<AllIds>;
  /** Of the primary, taken after the call. */
  position(): Promise<Position>;
  /** Of the cluster, as far as this process has heard; 0 where one server stands alone. */
  epoch(): number;
}

/** What a cache is made with; `now` and `random` are a test's. */
export interface CacheParts {
  readonly store: CacheStore;
  readonly metrics: Metrics;
  readonly logger: Logger;
  readonly protections: () => CacheProtections;
  readonly now?: () => number;
  /** At least 0 and below 1. */
  readonly random?: () => number;
}

/** What a read asks of a cache. */
export interface CacheDemand {
  /** Whether it may be answered from a cache at all. */
  readonly allowed: boolean;
  readonly atLeast: Position;
}

export interface Found<Value> {
  readonly value: Value | undefined;
  /** `source` when this very read has asked the database for it. */
  readonly from: 'cache' | 'source';
  /** Since its load began. */
  readonly ageMs: number;
  readonly atMost: Position;
}
