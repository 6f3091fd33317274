import { Chooser, type Choice } from './chooser.js';
import type { ClientStrategy } from './strategy.js';
import type { Target } from './target.js';

/** Evenly distributed from 0 up to 1; mulberry32 (T. Ettinger): the same seed gives the same numbers. */
export function newRandomForTest(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000;
  };
}

/** Copies a, b, c … with these weights. */
export function targetsOf(...weights: readonly number[]): Target[] {
  return weights.map((weight, index) => ({ address: String.fromCharCode(97 + index), weight }));
}

/** A chooser with a clock and random numbers of its own, and a copy that answers as long as it is told to. */
export class ChooserForTest {
  readonly chooser: Chooser;
  readonly unusable = new Set<string>();
  private readonly random: () => number;
  private readonly under: {
    readonly address: string;
    readonly sinceMs: number;
    readonly endsAtMs: number;
  }[] = [];
  private nowMs = 0;

  constructor(
    strategy: ClientStrategy,
    targets: readonly Target[],
    options: { readonly self?: string; readonly seed?: number } = {},
  ) {
    this.chooser = new Chooser(strategy, options.self ?? 'order-1');
    this.chooser.update(targets);
    this.random = newRandomForTest(options.seed ?? 1);
  }

  choose(key = ''): string | undefined {
    const choice: Choice = {
      key,
      nowMs: this.nowMs,
      random: this.random,
      isUsable: (address) => !this.unusable.has(address),
    };
    return this.chooser.choose(choice);
  }

  /** How many of `count` requests, one each `everyMs`, go to each copy when they take so long there. */
  shares(count: number, tookMs: (address: string) => number = () => 0, everyMs = 1): Map<string, number> {
    const counts = new Map<string, number>();
    for (let request = 0; request < count; request += 1) {
      this.nowMs += everyMs;
      this.endWhatIsOver();
      const address = this.choose(`key ${request}`);
      if (address === undefined) continue;
      counts.set(address, (counts.get(address) ?? 0) + 1);
      this.chooser.begun(address);
      this.under.push({ address, sinceMs: this.nowMs, endsAtMs: this.nowMs + tookMs(address) });
    }
    return counts;
  }

  private endWhatIsOver(): void {
    const { nowMs } = this;
    for (let index = this.under.length - 1; index >= 0; index -= 1) {
      const request = this.under[index];
      if (request === undefined || request.endsAtMs > nowMs) continue;
      this.under.splice(index, 1);
      this.chooser.ended(request.address, { tookMs: request.endsAtMs - request.sinceMs, ok: true, nowMs });
    }
  }
}
