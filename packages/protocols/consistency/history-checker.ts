import { invariant } from '../assert.js';
import { Histogram } from '../histogram.js';
import { anomalies, type Anomaly } from './guarantees.js';
import { newest, SessionPast, type Version } from './session-past.js';
import { Timeline } from './timeline.js';

/** Times are milliseconds of one monotonic clock. */
export interface Write {
  readonly session: string;
  /** One operation may leave a new version of several keys. */
  readonly versions: readonly Version[];
  readonly startedAt: number;
}

export interface Read extends Version {
  readonly session: string;
  readonly startedAt: number;
  readonly endedAt: number;
  /** Which server answered. */
  readonly server: string;
  /**
   * The thing that `version` + 1 would have brought was not there: the reader has seen at most `version`, and learns
   * nothing from it.
   */
  readonly absent?: boolean;
}

/** A read with what was wrong with it. */
export interface Finding extends Read {
  readonly anomalies: readonly Anomaly[];
  /** The least version that would have been right, as far as it goes by time and by what the session knew. */
  readonly acknowledged: number;
  readonly known: number;
}

export interface StaleAge {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

export interface HistoryReport {
  readonly reads: number;
  readonly writes: number;
  /** Reads with each anomaly; one read may have several. */
  readonly anomalies: Readonly<Record<Anomaly, number>>;
  /** For how long what stale reads returned had been out of date when they began. */
  readonly staleAgeMs: StaleAge;
  /** How many acknowledged writes the stalest read had missed. */
  readonly mostVersionsBehind: number;
  readonly readsByServer: Readonly<Record<string, number>>;
  /** The first of them. */
  readonly findings: readonly Finding[];
}

interface KeyHistory {
  /** The newest version that was begun. */
  begun: number;
  readonly acknowledged: Timeline;
  /** What completed reads have returned. */
  readonly seen: Timeline;
  /** What each version depended on when its write began. */
  readonly dependencies: Map<number, readonly Version[]>;
}

const mostFindings = 20;
const usPerMs = 1000;

/**
 * Judges a history while it happens, one operation after the other in the order of their ends. Each key has one writer, whose
 * order is the order of its versions. What it keeps grows with writes, keys and open sessions and not with reads; a read
 * costs a binary search.
 */
export class HistoryChecker {
  private readonly keys = new Map<string, KeyHistory>();
  private readonly sessions = new Map<string, SessionPast>();
  /** Reads by the set of their anomalies, a bit for each. */
  private readonly counts = new Float64Array(1 << anomalies.length);
  private readonly ages = new Histogram();
  private readonly readsByServer: Record<string, number> = {};
  private readonly findings: Finding[] = [];
  private longestAgeMs = 0;
  private mostVersionsBehind = 0;
  private writes = 0;
  private reads = 0;
  private now = -Infinity;

  /** A write has been sent. Before it ends its versions may be seen, and need not. */
  begin({ session, versions, startedAt }: Write): void {
    this.startIn(session, startedAt);
    const dependencies = this.pastOf(session).versions();
    for (const { key, version } of versions) {
      const history = this.historyOf(key);
      history.begun = Math.max(history.begun, version);
      history.dependencies.set(version, dependencies);
    }
  }

  /** A write that was begun is acknowledged: from now on it counts. */
  acknowledge({ session, versions }: Pick<Write, 'session' | 'versions'>, endedAt: number): void {
    this.endIn(session, endedAt);
    this.writes += 1;
    const past = this.pastOf(session);
    for (const written of versions) {
      const history = this.historyOf(written.key);
      invariant(history.begun >= written.version, 'a write is begun before it is acknowledged');
      history.acknowledged.advance(endedAt, written.version);
      past.wrote(written);
    }
  }

  /** A write that was begun had no effect: its versions are still to be written. */
  refuse({ versions }: Pick<Write, 'versions'>): void {
    for (const { key, version } of versions) this.historyOf(key).begun = version - 1;
  }

  /** Returns what is wrong with the read; nothing, mostly. */
  read(read: Read): readonly Anomaly[] {
    const { session, key, version, server, startedAt, endedAt, absent = false } = read;
    this.startIn(session, startedAt);
    this.endIn(session, endedAt);
    this.reads += 1;
    this.readsByServer[server] = (this.readsByServer[server] ?? 0) + 1;
    const past = this.pastOf(session);
    const history = this.historyOf(key);
    const known = past.of(key);
    const acknowledged = history.acknowledged.before(startedAt);
    const wrong: Record<Anomaly, boolean> = {
      stale: version < acknowledged,
      readYourWrites: version < known.written,
      monotonic: version < known.read,
      causal: version < newest(known),
      inverted: version < history.seen.before(startedAt),
      unwritten: version > history.begun,
    };
    const found = anomalies.filter((anomaly) => wrong[anomaly]);
    this.count(found);
    if (wrong.stale) this.recordAge(history, read, acknowledged);
    if (found.length > 0 && this.findings.length < mostFindings)
      this.findings.push({ ...read, anomalies: found, acknowledged, known: newest(known) });
    if (!absent && !wrong.unwritten) {
      history.seen.advance(endedAt, version);
      if (past.hasRead(read)) past.heardOf(history.dependencies.get(version) ?? []);
    }
    return found;
  }

  /** A session gets the token of another, and with it what that one knew. */
  handOver(from: string, to: string): void {
    this.pastOf(to).heardOf(this.pastOf(from).versions());
  }

  /** The session does nothing more, and is forgotten. */
  endSession(session: string): void {
    this.sessions.delete(session);
  }

  /** Reads that had at least one of these anomalies. */
  readsWithAnyOf(kinds: readonly Anomaly[]): number {
    const wanted = setOf(kinds);
    return this.counts.reduce((sum, count, set) => ((set & wanted) === 0 ? sum : sum + count), 0);
  }

  report(): HistoryReport {
    return {
      reads: this.reads,
      writes: this.writes,
      anomalies: Object.fromEntries(
        anomalies.map((anomaly) => [anomaly, this.readsWithAnyOf([anomaly])]),
      ) as Record<Anomaly, number>,
      staleAgeMs: {
        p50: this.ages.quantileUs(0.5) / usPerMs,
        p99: this.ages.quantileUs(0.99) / usPerMs,
        max: this.longestAgeMs,
      },
      mostVersionsBehind: this.mostVersionsBehind,
      readsByServer: { ...this.readsByServer },
      findings: [...this.findings],
    };
  }

  private count(found: readonly Anomaly[]): void {
    const set = setOf(found);
    this.counts[set] = (this.counts[set] ?? 0) + 1;
  }

  private recordAge(history: KeyHistory, { version, startedAt }: Read, acknowledged: number): void {
    const ageMs = startedAt - (history.acknowledged.surpassedAt(version) ?? startedAt);
    this.ages.record(ageMs * usPerMs);
    this.longestAgeMs = Math.max(this.longestAgeMs, ageMs);
    this.mostVersionsBehind = Math.max(this.mostVersionsBehind, acknowledged - version);
  }

  /** A session is a sequence of operations (Terry et al. 1994, section 2): what overlaps has no order in it. */
  private startIn(session: string, startedAt: number): void {
    invariant(startedAt >= this.pastOf(session).endedAt, 'a session does one thing after the other');
  }

  private endIn(session: string, endedAt: number): void {
    invariant(endedAt >= this.now, 'operations are told in the order of their ends');
    this.now = endedAt;
    this.pastOf(session).endedAt = endedAt;
  }

  private pastOf(session: string): SessionPast {
    let past = this.sessions.get(session);
    if (past === undefined) this.sessions.set(session, (past = new SessionPast()));
    return past;
  }

  private historyOf(key: string): KeyHistory {
    let history = this.keys.get(key);
    if (history === undefined) {
      history = {
        begun: -1,
        acknowledged: new Timeline(),
        seen: new Timeline(),
        dependencies: new Map<number, readonly Version[]>(),
      };
      this.keys.set(key, history);
    }
    return history;
  }
}

function setOf(kinds: readonly Anomaly[]): number {
  return kinds.reduce((set, kind) => set | (1 << anomalies.indexOf(kind)), 0);
}
