import type { Tokens } from '../auth/tokens.js';
import type { ConsistencyConfig } from '../config/process-config.js';
import { Problem } from '../errors/problem.js';
import type { Database } from '../postgres/database.js';
import { startPosition, type Position } from '../postgres/position.js';
import { parseDemand } from './demand.js';
import { LogOfToday } from './log-of-today.js';
import { Reading } from './reading.js';
import { unplacedLsn, type Session, type SessionTokens } from './session-token.js';

/** What a request says of itself. */
export interface ReadHeaders {
  /** X-Consistency */
  readonly consistency: string | undefined;
  /** X-Session */
  readonly session: string | undefined;
  /** The bearer token, if there is one. */
  readonly bearer: string | undefined;
}

/** More than any client has under way. */
const mostTokens = 32;

/** Begins and ends the reading of each request: from what its headers ask to what the reply's headers tell. */
export class Sessions {
  private readonly log: LogOfToday;
  /** A place that the log has surely reached. */
  private reached: Position = startPosition;

  constructor(
    private readonly database: Pick<Database, 'members' | 'position'>,
    private readonly config: ConsistencyConfig & { readonly replicated: boolean },
    private readonly sessionTokens: SessionTokens,
    private readonly userTokens: Tokens,
  ) {
    this.log = new LogOfToday(database.members);
  }

  /** @throws Problem `unknown-consistency`, `session-invalid`, `session-foreign` */
  begin(headers: ReadHeaders): Reading {
    const demand = parseDemand(headers.consistency, this.config);
    // Whether a token is needed, and right, is for the route to say.
    const user = headers.bearer === undefined ? undefined : this.userTokens.verify(headers.bearer);
    const account = user === undefined || 'rejected' in user ? undefined : user.accountId;
    const session = headers.session === undefined ? undefined : this.accept(headers.session, account);
    return new Reading(demand, account, session, this.log, this.sessionTokens);
  }

  /** The reading of a call that another process makes for a request: it has checked already what the client sent. */
  join(consistency: string, token: string | undefined): Reading {
    const demand = parseDemand(consistency, this.config);
    const session = token === undefined ? undefined : this.sessionTokens.read(token);
    return new Reading(demand, session?.account, session, this.log, this.sessionTokens);
  }

  /**
   * Whether all that the session has seen and written is still there.
   *
   * @throws Problem `session-lost`
   */
  async check({ session }: Reading): Promise<void> {
    if (session === undefined || !this.config.replicated) return;
    for (const position of [session.written, session.seen]) {
      const place = this.log.placeOf(position);
      if (place === 'lost' || (typeof place === 'bigint' && (await this.isBeyond(place))))
        throw sessionLost();
    }
  }

  /** @param wrote whether the request may have changed something */
  async headersOf(reading: Reading, wrote: boolean): Promise<Record<string, string>> {
    const { servers, cacheAgeMs } = reading;
    const from = [...servers.keys(), ...(cacheAgeMs === undefined ? [] : ['cache'])];
    const keepsSession = this.config.replicated && (wrote || reading.keepsSession);
    return {
      ...(from.length === 0 ? {} : { 'X-Read-From': from.join(', ') }),
      ...(servers.size === 0 ? {} : { 'X-Replica-Lag-Ms': String(Math.max(...servers.values())) }),
      ...(cacheAgeMs === undefined ? {} : { 'X-Cache-Age-Ms': String(cacheAgeMs) }),
      ...(keepsSession
        ? { 'X-Session': reading.token(wrote ? await this.positionAfterWrite(reading) : undefined) }
        : {}),
    };
  }

  /** A client that has had several requests under way sends all the tokens that it got for them. */
  private accept(header: string, account: string | undefined): Session {
    const tokens = header.split(',', mostTokens + 1);
    if (tokens.length > mostTokens)
      throw new Problem('session-invalid', `Send at most ${mostTokens} tokens at once`);
    return tokens
      .map((token) => this.acceptOne(token.trim(), account))
      .reduce((one, other) => this.merge(one, other));
  }

  private acceptOne(token: string, account: string | undefined): Session {
    const session = this.sessionTokens.read(token);
    if (session === undefined)
      throw new Problem('session-invalid', 'Send X-Session as the shop has answered it, or not at all');
    if (account !== undefined && session.account !== undefined && session.account !== account)
      throw new Problem('session-foreign', 'Start a session of your own: leave X-Session out');
    return session;
  }

  private merge(one: Session, other: Session): Session {
    if (one.account !== undefined && other.account !== undefined && one.account !== other.account)
      throw new Problem('session-foreign', 'The tokens are of different accounts');
    return {
      account: one.account ?? other.account,
      written: this.log.later(one.written, other.written),
      seen: this.log.later(one.seen, other.seen),
      wroteAtMs: Math.max(one.wroteAtMs, other.wroteAtMs),
    };
  }

  /** Whether the log has never come to this place of its current epoch; false when it cannot be found out. */
  private async isBeyond(lsn: bigint): Promise<boolean> {
    const { epoch } = this.log;
    const { members } = this.database;
    const isReached = ({ epoch: reachedEpoch, lsn: reachedLsn }: Position): boolean =>
      reachedEpoch === epoch && reachedLsn >= lsn;
    if (isReached(this.reached) || members.replicas().some(({ replayed }) => isReached(replayed)))
      return false;
    try {
      this.reached = await this.database.position();
    } catch {
      return false;
    }
    return this.reached.epoch === epoch && this.reached.lsn < lsn;
  }

  /** A place that all writes of the request are at or before, in the epoch in which they surely were made. */
  private async positionAfterWrite({ epoch }: Reading): Promise<Position> {
    try {
      const position = await this.database.position();
      if (position.epoch === epoch) return (this.reached = position);
    } catch {
      // The primary is gone right after the write.
    }
    return { epoch, lsn: unplacedLsn };
  }
}

export function sessionLost(): Problem {
  return new Problem(
    'session-lost',
    'A failover has cut off the end of the log, and with it a write that the session has made or seen. Leave X-Session out ' +
      'to start a new session, and look at what is there now',
  );
}
