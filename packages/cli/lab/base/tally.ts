import { percentile } from '../../drill/write-gap.js';

export type Kind = 'order' | 'page';

/** What became of one request, for whoever has asked. */
export type Ending =
  /** What was asked for, before the deadline. */
  | 'good'
  /** The same from the cache, however old, since the shop was overloaded. */
  | 'degraded'
  /** Nothing was done: 503 overloaded, or 429 of the coordinator. */
  | 'refused'
  /** 202: the order goes on, and its customer does not know. */
  | 'pending'
  /** Any other answer, or a broken connection. */
  | 'failed'
  /** Nothing before the deadline; or nobody was free to ask. */
  | 'timeout';

const endings: readonly Ending[] = ['good', 'degraded', 'refused', 'pending', 'failed', 'timeout'];

export interface KindSummary {
  readonly perSecond: Readonly<Record<Ending, number>>;
  readonly offeredPerSecond: number;
  /** Good or degraded. */
  readonly goodputPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** How long a refusal takes; undefined where nothing was refused. */
  readonly refusalP99Ms?: number;
}

export type Summary = Readonly<Record<Kind, KindSummary>>;

/** Counts how requests have ended, and how long the good ones and the refusals took. */
export class Tally {
  private readonly counts = new Map<string, number>();
  private readonly latencies: Record<Kind, number[]> = { order: [], page: [] };
  private readonly refusals: Record<Kind, number[]> = { order: [], page: [] };

  add(kind: Kind, ending: Ending, latencyMs: number): void {
    const key = `${kind} ${ending}`;
    this.counts.set(key, (this.counts.get(key) ?? 0) + 1);
    if (ending === 'good' || ending === 'degraded') this.latencies[kind].push(latencyMs);
    if (ending === 'refused') this.refusals[kind].push(latencyMs);
  }

  summarize(seconds: number): Summary {
    return { order: this.ofKind('order', seconds), page: this.ofKind('page', seconds) };
  }

  private ofKind(kind: Kind, seconds: number): KindSummary {
    const rates = endings.map((ending) => (this.counts.get(`${kind} ${ending}`) ?? 0) / seconds);
    const perSecond = Object.fromEntries(endings.map((ending, index) => [ending, rates[index] ?? 0]));
    const refusals = this.refusals[kind];
    return {
      perSecond: perSecond as Record<Ending, number>,
      offeredPerSecond: rates.reduce((sum, rate) => sum + rate, 0),
      goodputPerSecond: (rates[0] ?? 0) + (rates[1] ?? 0),
      p50Ms: percentile(this.latencies[kind], 50),
      p99Ms: percentile(this.latencies[kind], 99),
      ...(refusals.length > 0 && { refusalP99Ms: percentile(refusals, 99) }),
    };
  }
}
