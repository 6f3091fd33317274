import { Redis } from 'ioredis';
import type { z } from 'zod';
import type { Logger } from '../logging/logger.js';
import { startTimer, type Metrics } from '../metrics/metrics.js';

interface CacheOptions<Value> {
  /** Prefix of the keys, and the cache's name in the metrics. */
  readonly name: string;
  /** A cached value that does not fit is dropped, never served. */
  readonly schema: z.ZodType<Value>;
  readonly ttlMs: number;
  /** How long it is remembered that there is nothing under a key. */
  readonly absentTtlMs: number;
}

/** Stands in the cache for a key that the database does not have; no JSON document looks like it. */
const absentMarker = '\u0000';

// A cache that does not answer at once is slower than what it stands in front of.
const commandTimeoutMs = 250;
const longestReconnectMs = 1_000;
/** After a command that timed out, Redis is left alone for this long. */
const restMs = 1_000;

/** The connection to Redis. Whatever is wrong with it, reads go on from the database. */
export class CacheStore {
  private readonly redis: Redis;
  private available = true;
  private restsUntilMs = 0;

  constructor(
    url: string,
    private readonly metrics: Metrics,
    private readonly logger: Logger,
  ) {
    this.redis = new Redis(url, {
      commandTimeout: commandTimeoutMs,
      connectTimeout: 1_000,
      // While the connection is down, commands fail at once instead of queueing up.
      enableOfflineQueue: false,
      // Commands of one turn of the event loop go out in one write.
      enableAutoPipelining: true,
      maxRetriesPerRequest: 0,
      retryStrategy: (attempt) => Math.min(longestReconnectMs, 50 * 2 ** Math.min(attempt, 10)),
    });
    this.redis.on('ready', () => this.note(true));
    this.redis.on('error', (error: Error) => this.note(false, error));
  }

  async get(key: string): Promise<string | null | undefined> {
    return this.run('get', () => this.redis.get(key));
  }

  async set(key: string, value: string, ttlMs: number): Promise<void> {
    await this.run('set', () => this.redis.set(key, value, 'PX', ttlMs));
  }

  async delete(keys: readonly string[]): Promise<void> {
    await this.run('del', () => this.redis.del(...keys));
  }

  close(): void {
    this.redis.disconnect();
  }

  /** Undefined when Redis did not answer. */
  private async run<T>(command: string, work: () => Promise<T>): Promise<T | undefined> {
    if (Date.now() < this.restsUntilMs) return undefined;
    const elapsed = startTimer();
    try {
      const result = await work();
      this.metrics.redis.observe({ command, outcome: 'success' }, elapsed());
      return result;
    } catch (error) {
      const timeout = error instanceof Error && error.message === 'Command timed out';
      this.metrics.redis.observe({ command, outcome: timeout ? 'timeout' : 'failure' }, elapsed());
      if (timeout) this.restsUntilMs = Date.now() + restMs;
      return undefined;
    }
  }

  private note(available: boolean, error?: Error): void {
    if (available === this.available) return;
    this.available = available;
    if (available) this.logger.info('Redis is back');
    else this.logger.warn({ err: error }, 'Redis cannot be reached; reads go to the database');
  }
}

/**
 * Cache-aside: a read looks in Redis first and loads what it misses. That a key is absent is cached too, so that
 * asking for what does not exist does not penetrate to the database.
 */
export class Cache<Value> {
  constructor(
    private readonly store: CacheStore,
    private readonly metrics: Metrics,
    private readonly options: CacheOptions<Value>,
  ) {}

  /** The value under `id`, or undefined when neither the cache nor `load` has it. */
  async read(id: string, load: () => Promise<Value | undefined>): Promise<Value | undefined> {
    const cached = await this.store.get(this.key(id));
    if (cached === absentMarker) {
      this.count('absent');
      return undefined;
    }
    const value = cached === null || cached === undefined ? undefined : this.parse(cached);
    if (value !== undefined) {
      this.count('hit');
      return value;
    }
    this.count(cached === undefined ? 'unavailable' : cached === null ? 'miss' : 'unreadable');
    const loaded = await load();
    if (cached === undefined) return loaded;
    if (loaded === undefined) await this.store.set(this.key(id), absentMarker, this.options.absentTtlMs);
    else await this.store.set(this.key(id), JSON.stringify(loaded), this.options.ttlMs);
    return loaded;
  }

  /** Forgets what was cached under `ids`; to be called after the change is committed. */
  async invalidate(ids: readonly string[]): Promise<void> {
    if (ids.length > 0) await this.store.delete(ids.map((id) => this.key(id)));
  }

  private parse(text: string): Value | undefined {
    try {
      const parsed = this.options.schema.safeParse(JSON.parse(text));
      return parsed.success ? parsed.data : undefined;
    } catch {
      return undefined;
    }
  }

  private count(result: 'hit' | 'miss' | 'absent' | 'unreadable' | 'unavailable'): void {
    this.metrics.cacheReads.inc({ cache: this.options.name, result });
  }

  private key(id: string): string {
    return `${this.options.name}:${id}`;
  }
}
