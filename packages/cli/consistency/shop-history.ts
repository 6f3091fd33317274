import type { Anomaly } from '#protocols/consistency/guarantees.js';
import { HistoryChecker, type Read, type Write } from '#protocols/consistency/history-checker.js';
import { Histogram } from '#protocols/histogram.js';

/** Reads under one level, with how long they took. */
export class JudgedReads {
  readonly checker = new HistoryChecker();
  readonly latencies = new Histogram();
  /** Answers that were no reading, by code. */
  readonly refused: Record<string, number> = {};
  sessionsLost = 0;

  read(read: Read): readonly Anomaly[] {
    this.latencies.record((read.endedAt - read.startedAt) * usPerMs);
    return this.checker.read(read);
  }

  refuse(code: string): void {
    this.refused[code] = (this.refused[code] ?? 0) + 1;
  }

  get count(): number {
    return this.latencies.count;
  }
}

const usPerMs = 1000;

/** What happened in one run: reads under the level in question, and eventual ones at the same time, to compare with. */
export class ShopHistory {
  readonly judged = new JudgedReads();
  readonly control = new JudgedReads();
  writes = 0;
  /** Acknowledged, and gone after a failover. */
  lostWrites = 0;
  /** Writes of which it was not known for a while, or is not, whether they were done. */
  doubtfulWrites = 0;

  begin(write: Write): void {
    for (const { checker } of this.both) checker.begin(write);
  }

  acknowledge(write: Write): void {
    this.writes += 1;
    const endedAt = performance.now();
    for (const { checker } of this.both) checker.acknowledge(write, endedAt);
  }

  refuse(write: Write): void {
    for (const { checker } of this.both) checker.refuse(write);
  }

  private get both(): readonly JudgedReads[] {
    return [this.judged, this.control];
  }
}
