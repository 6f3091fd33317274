import { startPosition, type Position } from '../postgres/position.js';
import type { Demand } from './demand.js';
import type { LogOfToday } from './log-of-today.js';
import type { Session, SessionTokens } from './session-token.js';

/** How the reads of one request are to be answered, and what is found out while they are. */
export class Reading {
  /** Everything that was shown to the session, in this request as well, is at or before it. */
  seen: Position;
  /** When the request came: what it writes is written in this epoch or a later one. */
  readonly epoch: number;
  /** The servers that answered, with their lag. */
  readonly servers = new Map<string, number>();
  /** Of the oldest value from the cache. */
  cacheAgeMs: number | undefined;
  /** The replicas in the order of this request's choice, so that all of its reads go to the same one. */
  replicaNames: readonly string[] | undefined;

  constructor(
    readonly demand: Demand,
    readonly account: string | undefined,
    readonly session: Session | undefined,
    private readonly log: LogOfToday,
    private readonly tokens: SessionTokens,
  ) {
    this.seen = session?.seen ?? startPosition;
    this.epoch = log.epoch;
  }

  /** Everything that the session wrote before this request. */
  get written(): Position {
    return this.session?.written ?? startPosition;
  }

  /** Whether the client gets a token back after reading, so that what its reads have shown has to be known. */
  get keepsSession(): boolean {
    return this.session !== undefined || this.demand.level === 'monotonic' || this.demand.level === 'causal';
  }

  hasSeen(position: Position): void {
    this.seen = this.log.later(this.seen, position);
  }

  hasRead(server: string, lagMs: number): void {
    this.servers.set(server, Math.max(this.servers.get(server) ?? 0, Math.round(lagMs)));
  }

  hasReadCache(ageMs: number, atMost: Position): void {
    this.cacheAgeMs = Math.max(this.cacheAgeMs ?? 0, Math.round(ageMs));
    this.hasSeen(atMost);
  }

  /** The session after the request's reads, and after its writes when they are at or before `written`. */
  token(written?: Position): string {
    return this.tokens.issue({
      account: this.account ?? this.session?.account,
      written: written ?? this.written,
      seen: this.seen,
      wroteAtMs: written === undefined ? (this.session?.wroteAtMs ?? 0) : Date.now(),
    });
  }

  /** Takes over what was shown to another process that worked for this request. */
  merge(token: string): void {
    const session = this.tokens.read(token);
    if (session !== undefined) this.hasSeen(session.seen);
  }
}
