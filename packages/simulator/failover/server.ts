import type { Seen, Sending } from '#protocols/failover/cluster.js';

/** What is written into a server's log. */
export type Entry =
  | { readonly kind: 'write'; readonly id: number }
  | { readonly kind: 'epoch'; readonly epoch: number }
  | {
      readonly kind: 'lease';
      readonly epoch: number;
      readonly primary: string;
      readonly expiresAtMs: number;
    };

interface LeaseRow {
  readonly epoch: number;
  readonly primary: string;
  /** By the clock of the server that wrote it. */
  readonly expiresAtMs: number;
}

/** A replica that has not answered for so long is not attached. */
const attachedMs = 2_000;
/** How long a server reads its own log after a start. */
const replayMs = 400;

/**
 * A database server as far as a failover has to do with it: a log with timelines, a lease that is a row in it, replicas
 * that fetch the log, and commits that wait for them. It may be down or paused; its clock is not the others' clock.
 */
export class SimulatedServer {
  log: Entry[] = [];
  isUp = true;
  isPaused = false;
  isReplica: boolean;
  timeline = 1;
  ends: Sending['ends'] = [];
  readOnly = false;
  names: readonly string[] = [];
  applies = false;
  keepsFor: readonly string[] = [];
  follows: string | undefined;
  isStreaming = false;
  startedAtMs = 0;
  lease: LeaseRow | undefined;
  epoch = 0;
  executedCloneOrder = 0;
  /** What is known here of each replica: how much of the log it has, and when it said so. */
  readonly flushed = new Map<string, { length: number; atMs: number }>();

  constructor(
    readonly name: string,
    readonly clockOffsetMs: number,
    isReplica: boolean,
  ) {
    this.isReplica = isReplica;
  }

  get answers(): boolean {
    return this.isUp && !this.isPaused;
  }

  clock(nowMs: number): number {
    return nowMs + this.clockOffsetMs;
  }

  append(entry: Entry): void {
    this.log.push(entry);
    this.apply(entry);
  }

  private apply(entry: Entry): void {
    if (entry.kind === 'epoch') this.epoch = Math.max(this.epoch, entry.epoch);
    if (entry.kind === 'lease') this.lease = entry;
  }

  /** Whether its log is a beginning of the other's. */
  isBehind(other: SimulatedServer): boolean {
    const last = this.log.at(-1);
    return this.log.length <= other.log.length && last === other.log[this.log.length - 1];
  }

  /** Fetches so many entries from the primary that it follows, and tells it. */
  fetch(primary: SimulatedServer, most: number, nowMs: number): void {
    this.isStreaming = primary.keepsFor.includes(this.name) && !primary.isReplica && this.isBehind(primary);
    if (!this.isStreaming) return;
    for (const entry of primary.log.slice(this.log.length, this.log.length + most)) this.append(entry);
    this.timeline = primary.timeline;
    this.ends = primary.ends;
    primary.flushed.set(this.name, { length: this.log.length, atMs: nowMs });
  }

  /** Whether a commit at this place is confirmed by one of those that are asked. */
  isConfirmed(length: number): boolean {
    return (
      this.names.length === 0 || this.names.some((name) => (this.flushed.get(name)?.length ?? 0) >= length)
    );
  }

  promote(epoch: number): void {
    if (!this.isReplica) return;
    this.ends = [...this.ends, { timeline: this.timeline, lsn: BigInt(this.log.length) }];
    this.timeline = Math.max(this.timeline + 1, epoch);
    this.isReplica = false;
    this.isStreaming = false;
    this.flushed.clear();
  }

  /** Makes it a copy of the primary, which it then follows. */
  clone(primary: SimulatedServer, order: number, nowMs: number): void {
    this.log = [...primary.log];
    this.lease = primary.lease;
    this.epoch = primary.epoch;
    this.timeline = primary.timeline;
    this.ends = primary.ends;
    this.isReplica = true;
    this.readOnly = false;
    this.names = [];
    this.keepsFor = [];
    this.follows = primary.name;
    this.executedCloneOrder = order;
    this.start(nowMs);
    primary.keepsFor = [...new Set([...primary.keepsFor, this.name])];
  }

  start(nowMs: number): void {
    this.isUp = true;
    this.isPaused = false;
    this.isStreaming = false;
    this.startedAtMs = nowMs;
    this.flushed.clear();
  }

  /** What it tells a supervisor. A replica that is still reading its own log tells less than it has. */
  tell(askedAtMs: number, nowMs: number): Seen {
    const complete = !this.isReplica || nowMs - this.startedAtMs >= replayMs;
    const shown = complete ? this.log.length : Math.floor(this.log.length / 2);
    return {
      name: this.name,
      askedAtMs,
      recovering: this.isReplica,
      timeline: this.timeline,
      lsn: BigInt(shown),
      complete,
      follows: this.isReplica ? this.follows : undefined,
      streaming: this.isStreaming,
      epoch: this.epoch,
      readOnly: this.readOnly,
      sending: {
        names: this.names,
        applies: this.applies,
        attached: [...this.flushed]
          .filter(([, { atMs }]) => nowMs - atMs < attachedMs)
          .map(([name, { length }]) => ({ name, flushed: BigInt(length) })),
        keepsFor: this.keepsFor,
        oldest: 0n,
        ends: this.ends,
      },
    };
  }
}
