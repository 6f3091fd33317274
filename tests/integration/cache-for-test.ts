import { z } from 'zod';
import { Cache } from '#platform/cache/cache.js';
import type { CacheDemand, CacheOptions, CacheSource, Found, Loaded } from '#platform/cache/cache-options.js';
import { CacheStore } from '#platform/cache/cache-store.js';
import { SilenceWatch } from '#platform/cache/silence-watch.js';
import type { Metrics } from '#platform/metrics/metrics.js';
import { startPosition, type Position } from '#platform/postgres/position.js';
import type { CacheProtection, CacheProtections } from '#platform/settings/settings.js';
import { waitUntil } from '../e2e/wait-until.js';
import { newMetricsForTest, silent } from './postgres-for-test.js';

const productSchema = z.object({ sku: z.string(), priceMinor: z.int() });
export type PricedProduct = z.infer<typeof productSchema>;

export const anything: CacheDemand = { allowed: true, atLeast: startPosition };
const deadlineMs = 30_000;
const anyLsn = 1_000n;
const recordBytes = 64n;

/** A database with a primary, a replica that the test moves on, and loads that the test holds up. */
export class SourceForTest implements CacheSource<PricedProduct> {
  readonly asked: string[] = [];
  readonly askedPrimary: string[] = [];
  failure: Error | undefined;
  private epochNow = 1;
  private lsn = anyLsn;
  private products = new Map<string, PricedProduct>();
  private replica: { products: Map<string, PricedProduct>; lsn: bigint } | undefined;
  private gate: Promise<void> | undefined;

  /** @returns the position that shows the write */
  write(sku: string, priceMinor: number): Position {
    this.products.set(sku, { sku, priceMinor });
    this.lsn += recordBytes;
    return this.here();
  }

  /** From now on the replica stays behind, and loads read from it. */
  freezeReplica(): void {
    this.replica = { products: new Map(this.products), lsn: this.lsn };
  }

  /** Loads read now, and answer when the returned function is called. */
  holdLoads(): () => void {
    let release: () => void = () => undefined;
    this.gate = new Promise((resolve) => (release = resolve));
    return () => {
      this.gate = undefined;
      release();
    };
  }

  failOver(): void {
    this.epochNow += 1;
    this.replica = undefined;
  }

  async load(sku: string): Promise<Loaded<PricedProduct>> {
    this.asked.push(sku);
    const { products, lsn } = this.replica ?? { products: this.products, lsn: this.lsn };
    return this.answer(products, lsn, sku);
  }

  async loadLatest(sku: string): Promise<Loaded<PricedProduct>> {
    this.asked.push(sku);
    this.askedPrimary.push(sku);
    return this.answer(this.products, this.lsn, sku);
  }

  position(): Promise<Position> {
    return this.failure === undefined ? Promise.resolve(this.here()) : Promise.reject(this.failure);
  }

  epoch(): number {
    return this.epochNow;
  }

  private here(): Position {
    return { epoch: this.epochNow, lsn: this.lsn };
  }

  private async answer(
    products: Map<string, PricedProduct>,
    lsn: bigint,
    sku: string,
  ): Promise<Loaded<PricedProduct>> {
    const { failure, epochNow: epoch } = this;
    const value = products.get(sku);
    await this.gate;
    if (failure !== undefined) throw failure;
    return { value, atLeast: { epoch, lsn: lsn - 1n }, atMost: { epoch, lsn } };
  }
}

/** One process with a cache: what it counts, its switches, and its clock. */
export interface ProcessForTest<Value> {
  readonly cache: Cache<Value>;
  readonly store: CacheStore;
  readonly metrics: Metrics;
  readonly switches: Record<CacheProtection, boolean>;
  read(id: string, demand?: CacheDemand): Promise<Found<Value>>;
  results(): Promise<Record<string, number>>;
  stores(): Promise<Record<string, number>>;
  invalidations(): Promise<Record<string, number>>;
  passes(ms: number): void;
  isUp(): Promise<void>;
  isAway(): Promise<void>;
  close(): void;
}

export const allOn = (): Record<CacheProtection, boolean> => ({
  nullMarker: true,
  filter: true,
  singleFlight: true,
  staleWhileRevalidate: true,
  jitter: true,
  boundedLoads: true,
  versions: true,
  localCopies: true,
});

export const options: CacheOptions<PricedProduct> = {
  name: 'product',
  schema: productSchema,
  ttlMs: 60_000,
  absentTtlMs: 30_000,
  staleMs: 20_000,
  mostStaleMs: 300_000,
  floorTtlMs: 60_000,
};

/** @param makeCache by default a cache of priced products from `source` */
export async function newProcessForTest(
  redisUrl: string,
  source: CacheSource<PricedProduct>,
): Promise<ProcessForTest<PricedProduct>> {
  return newCachingProcess(redisUrl, (parts) => new Cache(parts, options, source), new SilenceWatch());
}

type Parts = ConstructorParameters<typeof Cache>[0];

/** Where queries are counted, a machine that stands still for a moment must not be taken for a Redis that is away. */
const patientTurns = 100;

export async function newCachingProcess<Value>(
  redisUrl: string,
  makeCache: (parts: Parts) => Cache<Value>,
  watch = new SilenceWatch(patientTurns),
): Promise<ProcessForTest<Value>> {
  const metrics = newMetricsForTest();
  const store = new CacheStore(redisUrl, metrics, silent, watch);
  const switches = allOn();
  let aheadMs = 0;
  const cache = makeCache({
    store,
    metrics,
    logger: silent,
    protections: (): CacheProtections => switches,
    now: () => Date.now() + aheadMs,
  });
  const until = (what: string, up: boolean): Promise<void> =>
    waitUntil(what, deadlineMs, () => Promise.resolve(store.up === up ? true : undefined)).then(
      () => undefined,
    );
  const process: ProcessForTest<Value> = {
    cache,
    store,
    metrics,
    switches,
    read: (id, demand = anything) => cache.read(id, demand),
    results: () => byLabel(metrics.cacheReads, 'result'),
    stores: () => byLabel(metrics.cacheStores, 'outcome'),
    invalidations: () => byLabel(metrics.cacheInvalidations, 'outcome'),
    passes: (ms) => (aheadMs += ms),
    isUp: () => until('Redis answers', true),
    isAway: () => until('Redis is away', false),
    close: () => {
      cache.close();
      store.close();
    },
  };
  await process.isUp();
  return process;
}

export async function byLabel(
  counter: {
    get(): Promise<{ values: { labels: Partial<Record<string, string | number>>; value: number }[] }>;
  },
  label: string,
): Promise<Record<string, number>> {
  const { values } = await counter.get();
  return Object.fromEntries(values.map(({ labels, value }) => [String(labels[label]), value]));
}
