import { allProtections, type SettingsChange } from '#platform/settings/settings.js';
import type { StateFolder } from '../../launcher/state-folder.js';
import { attacks, visit, type AttackName, type Scene } from './attacks.js';
import { readCounts, since, type Counts } from './inventory-metrics.js';
import type { ReadsSummary } from './readers.js';

export type Protection = 'on' | 'off';

/** What one attack did to the shop, with the protections on or off. */
export interface CacheAct extends ReadsSummary {
  readonly protection: Protection;
  readonly queries: number;
  readonly queriesPerSecond: number;
  /** In the worst window of half a second, as a rate. */
  readonly worstQueriesPerSecond: number;
  /** Of the reads, those that were answered without asking the database; 0 to 1. */
  readonly hitRate: number;
  /** What visitors in peace ask of the database, with a warm cache and everything on. */
  readonly baseQueriesPerSecond: number;
}

export interface CacheStage extends Scene {
  readonly state: StateFolder;
  readonly switchSettings: (change: SettingsChange) => Promise<unknown>;
  readonly report: (text: string) => void;
}

const sampleMs = 500;
/** Longer than a value lives, so that the base is what expires and is loaded evenly. */
const baseSeconds = 12;
/** The longest TTL: what was read at once has expired by then, each at its own time. */
const settleSeconds = 14;
const msPerSecond = 1_000;

/** How much visitors in peace ask of the database; it is the same for all acts. */
export async function measureBase(stage: CacheStage): Promise<number> {
  await stage.switchSettings(settingsFor('on'));
  await stage.readers.readAll(stage.skus);
  await visit({ ...stage, seconds: settleSeconds });
  const before = await readCounts(stage.state);
  const { seconds } = await visit({ ...stage, seconds: baseSeconds });
  return since(await readCounts(stage.state), before).queries / seconds;
}

export async function performCacheAct(
  stage: CacheStage,
  name: AttackName,
  protection: Protection,
  baseQueriesPerSecond: number,
): Promise<CacheAct> {
  const { state, redis, readers, skus } = stage;
  await stage.switchSettings(settingsFor(protection));
  await redis.forgetEverything();
  await readers.readAll(skus);
  stage.report(`${name}, protection ${protection}: ${attacks[name].what}`);
  const sampler = new Sampler(() => readCounts(state));
  await sampler.start();
  const summary = await attacks[name].perform(stage);
  const counts = await sampler.stop();
  return {
    ...summary,
    protection,
    queries: counts.queries,
    queriesPerSecond: counts.queries / summary.seconds,
    worstQueriesPerSecond: Math.max(sampler.worst, counts.queries / summary.seconds),
    hitRate: counts.reads === 0 ? 0 : counts.answered / counts.reads,
    baseQueriesPerSecond,
  };
}

function settingsFor(protection: Protection): SettingsChange {
  // Requests that are turned away at the door would spoil the count of those that reach the database.
  return { cache: allProtections(protection === 'on'), overload: { enabled: false } };
}

/** Looks at the counters every so often, for the worst moment. */
class Sampler {
  worst = 0;
  private first: Counts | undefined;
  private last: { counts: Counts; atMs: number } | undefined;
  private timer: NodeJS.Timeout | undefined;
  private looking: Promise<void> = Promise.resolve();

  constructor(private readonly look: () => Promise<Counts>) {}

  async start(): Promise<void> {
    await this.sample();
    this.timer = setInterval(() => {
      // One look that fails leaves a longer window.
      this.looking = this.looking.then(() => this.sample()).catch(() => undefined);
    }, sampleMs);
  }

  async stop(): Promise<Counts> {
    clearInterval(this.timer);
    await this.looking;
    const now = await this.look();
    return since(now, this.first ?? now);
  }

  private async sample(): Promise<void> {
    const counts = await this.look();
    const atMs = performance.now();
    if (this.last !== undefined) {
      const seconds = (atMs - this.last.atMs) / msPerSecond;
      this.worst = Math.max(this.worst, since(counts, this.last.counts).queries / seconds);
    }
    this.first ??= counts;
    this.last = { counts, atMs };
  }
}
