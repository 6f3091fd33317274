import { Redis } from 'ioredis';
import type { Logger } from '../logging/logger.js';
import { startTimer, type Metrics } from '../metrics/metrics.js';
import { scripts, type Scripts } from './scripts.js';
import { Silence, SilenceWatch } from './silence-watch.js';

export type ScriptedRedis = Redis & Scripts;

/**
 * So many times longer than the watch's silence, 2 s, may a command take. Not for readers, whom the watch lets go long before: what is in
 * the way of the next commands goes then.
 */
const silencesOfACommand = 8;
const longestReconnectMs = 1_000;
/** How often one that does not answer is asked whether it does again. */
const probeMs = 200;

/**
 * The connection to Redis. Whatever is wrong with it, reads go on from the database: a command that is not answered in time
 * takes Redis away from all of them until it answers a probe, so that not every read waits for the same silence.
 */
export class CacheStore {
  private readonly redis: ScriptedRedis;
  private answers = false;
  private closed = false;
  private returning = false;
  private probe: NodeJS.Timeout | undefined;
  private readonly listeners: (() => Promise<void>)[] = [];

  constructor(
    url: string,
    private readonly metrics: Metrics,
    private readonly logger: Logger,
    /** A cache that does not answer at once is slower than what it stands in front of. */
    private readonly watch = new SilenceWatch(),
  ) {
    this.redis = newScriptedRedis(url, silencesOfACommand * watch.silentMs);
    this.redis.on('connect', () => this.redis.stream.on('data', () => this.watch.heard()));
    this.redis.on('ready', () => void this.comeBack());
    this.redis.on('error', (error: Error) => this.goAway(error));
    this.redis.on('close', () => this.goAway());
  }

  /** Whether it answered the latest command. */
  get up(): boolean {
    return this.answers;
  }

  /** Called when Redis answers again, before anybody reads from it. */
  onReturn(listener: () => Promise<void>): void {
    this.listeners.push(listener);
  }

  /** Undefined when Redis is away, or does not answer. `command` is for the metrics. */
  async run<T>(command: string, work: (redis: ScriptedRedis) => Promise<T>): Promise<T | undefined> {
    return this.answers ? this.attempt(command, work) : undefined;
  }

  /** For a listener, which works while `run` is still closed. */
  async attempt<T>(command: string, work: (redis: ScriptedRedis) => Promise<T>): Promise<T | undefined> {
    const elapsed = startTimer();
    try {
      const result = await this.watch.guard(work(this.redis));
      this.metrics.redis.observe({ command, outcome: 'success' }, elapsed());
      return result;
    } catch (error) {
      const timeout =
        error instanceof Silence || (error instanceof Error && error.message === 'Command timed out');
      this.metrics.redis.observe({ command, outcome: timeout ? 'timeout' : 'failure' }, elapsed());
      if (timeout) this.goAway(error);
      else if (this.redis.status === 'ready')
        this.logger.warn({ err: error, command }, 'Redis refused a command');
      return undefined;
    }
  }

  close(): void {
    this.closed = true;
    clearTimeout(this.probe);
    this.watch.stop();
    this.redis.disconnect();
  }

  private goAway(error?: Error): void {
    this.returning = false;
    this.metrics.redisUp.set(0);
    if (this.answers) this.logger.warn({ err: error }, 'Redis cannot be reached; reads go to the database');
    this.answers = false;
    // A connection that is lost announces its return; one that is only silent has to be asked.
    if (this.redis.status === 'ready') this.probeLater();
  }

  private probeLater(): void {
    if (this.closed || this.probe !== undefined) return;
    this.probe = setTimeout(() => {
      this.probe = undefined;
      void this.comeBack();
    }, probeMs);
    this.probe.unref();
  }

  private async comeBack(): Promise<void> {
    if (this.closed || this.returning || this.answers) return;
    this.returning = true;
    const answer = await this.attempt('ping', (redis) => redis.ping());
    // What other processes must not see any more is told to Redis before this one believes it again.
    if (answer !== undefined) await Promise.all(this.listeners.map((listener) => listener()));
    if (!this.returning) return;
    this.returning = false;
    if (answer === undefined) return this.probeLater();
    this.answers = true;
    this.metrics.redisUp.set(1);
    this.logger.info('Redis answers');
  }
}

function newScriptedRedis(url: string, commandTimeout: number): ScriptedRedis {
  const redis = new Redis(url, {
    commandTimeout,
    connectTimeout: 1_000,
    // While the connection is down, commands fail at once instead of queueing up.
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    retryStrategy: (attempt) => Math.min(longestReconnectMs, 50 * 2 ** Math.min(attempt, 10)),
  });
  for (const [name, { lua, numberOfKeys }] of Object.entries(scripts)) {
    redis.defineCommand(name, numberOfKeys === undefined ? { lua } : { lua, numberOfKeys });
  }
  return redis as ScriptedRedis;
}
