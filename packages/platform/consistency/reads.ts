import type { ConsistencyConfig } from '../config/process-config.js';
import { currentScope } from '../logging/correlation.js';
import type { Metrics } from '../metrics/metrics.js';
import type { Database, Sql, Statement } from '../postgres/database.js';
import type { Replica } from '../postgres/members.js';
import { parseLsn, startPosition, type Position } from '../postgres/position.js';
import { LogOfToday } from './log-of-today.js';
import type { Reading } from './reading.js';
import { inOrderOfKey, inTurn, routeOf, type Route } from './route.js';
import { sessionLost } from './sessions.js';

/** Rows with what is known of when they were read. */
export interface PositionedRows<Row> {
  readonly rows: Row[];
  /** The rows show every write at or before it. */
  readonly atLeast: Position;
  /** The rows show no write after it. */
  readonly atMost: Position;
}

/** What a value in a cache must fulfil, so that it can stand for a read of this request. */
export interface CacheDemand {
  readonly allowed: boolean;
  /** The `atLeast` of the value must be at least this, in the sense of `isAtLeast`. */
  readonly atLeast: Position;
  /** All that was committed so long ago must be shown; absent where any age will do. */
  readonly withinMs?: number;
}

type ReadableDatabase = Pick<Database, 'members' | 'position' | 'run' | 'session'>;

interface ReadOptions {
  readonly own: boolean;
  readonly positioned: boolean;
}

/** The name of the server where it stands alone. */
const loneServer = 'postgres';

const flushed: Statement<{ lsn: string }> = {
  name: 'position-flushed',
  text: 'SELECT pg_current_wal_flush_lsn()::text AS lsn',
};

/**
 * Reads from the server that the request's consistency level allows: `run` for what all share, `own.run` for what belongs to
 * the account. Outside of a request, it reads from the primary.
 */
export class Reads implements Sql {
  readonly own: Sql = {
    run: async (statement, values) =>
      (await this.read(statement, values, { own: true, positioned: false })).rows,
  };
  private readonly log: LogOfToday;
  /** Whether there are servers to choose from; reads have positions only then. */
  readonly replicated: boolean;
  private turn = 0;

  constructor(
    private readonly database: ReadableDatabase,
    private readonly config: ConsistencyConfig & { readonly replicated: boolean },
    private readonly metrics: Metrics,
  ) {
    this.log = new LogOfToday(database.members);
    this.replicated = config.replicated;
  }

  async run<Row>(statement: Statement<Row>, values: readonly unknown[]): Promise<Row[]> {
    return (await this.read(statement, values, { own: false, positioned: false })).rows;
  }

  /** For a cache, which has to know of which age a value is that it keeps. */
  runPositioned<Row>(statement: Statement<Row>, values: readonly unknown[]): Promise<PositionedRows<Row>> {
    return this.read(statement, values, { own: false, positioned: true });
  }

  /** Whether this request may be answered from a cache, by a value of what all share. */
  cacheDemand(): CacheDemand {
    const reading = currentScope()?.reading;
    if (reading === undefined) return { allowed: false, atLeast: startPosition };
    const route = this.routeOf(reading, false);
    if (route.from !== 'replica') return { allowed: false, atLeast: startPosition };
    const { least: lsn, withinMs } = route;
    const atLeast = lsn === 0n ? startPosition : { epoch: this.log.epoch, lsn };
    return { allowed: true, atLeast, ...(withinMs !== undefined && { withinMs }) };
  }

  /** To be called when it was: the reply tells of it, and what the client has seen is remembered. */
  servedFromCache(ageMs: number, { atMost }: Pick<PositionedRows<unknown>, 'atMost'>): void {
    const reading = currentScope()?.reading;
    reading?.hasReadCache(ageMs, atMost);
    this.metrics.reads.inc({ level: reading?.demand.level ?? 'none', from: 'cache' });
  }

  /** To be called when a cache has loaded the value for this request, maybe from the primary on nobody's behalf. */
  servedFromSource({ atMost }: Pick<PositionedRows<unknown>, 'atMost'>): void {
    const reading = currentScope()?.reading;
    if (reading === undefined) return;
    reading.hasSeen(atMost);
    if (reading.servers.size === 0) reading.hasRead(this.database.members.primaryName() ?? loneServer, 0);
  }

  private routeOf(reading: Reading, own: boolean): Route {
    const { demand, account, session, written, seen } = reading;
    return routeOf(
      { demand, account, session, written, seen, own },
      {
        log: this.log,
        synchronous: this.database.members.synchronous,
        windowMs: this.config.windowMs,
        nowMs: Date.now(),
      },
    );
  }

  private async read<Row>(
    statement: Statement<Row>,
    values: readonly unknown[],
    { own, positioned }: ReadOptions,
  ): Promise<PositionedRows<Row>> {
    const reading = currentScope()?.reading;
    const query = {
      statement,
      values,
      positioned: this.replicated && (positioned || reading?.keepsSession === true),
    };
    if (reading === undefined || !this.replicated) return this.readPrimary(query, reading);
    const route = this.routeOf(reading, own);
    if (route.from === 'nowhere') throw sessionLost();
    const found = await this.readReplica(query, reading, route);
    return found ?? this.readPrimary(query, reading);
  }

  private async readReplica<Row>(
    query: Query<Row>,
    reading: Reading,
    route: Route,
  ): Promise<PositionedRows<Row> | undefined> {
    if (route.from === 'primary' || route.from === 'nowhere') return undefined;
    const { key, withinMs = Infinity } = route.from === 'replica' ? route : {};
    const replicas = this.inOrder(reading, key).filter(
      (replica) => withinMs === Infinity || replica.mostBehindMs() < withinMs,
    );
    if (replicas.length === 0) return undefined;
    // Not before it is known that there is a replica that could save the primary the rest of the work.
    const least = route.from === 'replica' ? route.least : (await this.database.position()).lsn;
    const has = (replica: Replica): boolean => least === 0n || this.shows(replica.replayed, least);
    const mayHave = (replica: Replica): boolean => has(replica) || replica.lagMs <= this.config.waitMs;
    const known = replicas.filter(has);
    // What is known of a replica is a pulse old: the nearest way to learn whether it has caught up is to read.
    const guessed =
      key !== undefined || known.length === 0 ? replicas.slice(0, key === undefined ? undefined : 1) : [];
    const first = guessed.find(mayHave);
    for (const replica of new Set(first === undefined ? known : [first, ...known])) {
      const found = await this.readAt(replica, query, reading, least);
      if (found !== undefined) return found;
    }
    const late = replicas.filter((replica) => !known.includes(replica) && mayHave(replica));
    const reached = await this.firstToReach(late, least);
    return reached === undefined ? undefined : this.readAt(reached, query, reading, least);
  }

  /** Undefined when the replica cannot answer, or is one that has lost what it had. */
  private async readAt<Row>(
    replica: Replica,
    { statement, values, positioned }: Query<Row>,
    reading: Reading,
    least: bigint,
  ): Promise<PositionedRows<Row> | undefined> {
    let result: PositionedRows<Row>;
    try {
      if (positioned || least > 0n) {
        const { rows, before, after } = await replica.runPositioned(statement, values);
        if (!this.shows(before, least)) return undefined;
        result = { rows, atLeast: before, atMost: after };
      } else {
        const rows = await replica.run(statement, values);
        result = { rows, atLeast: startPosition, atMost: startPosition };
      }
    } catch {
      // Whatever it is, a replica that was cloned anew, or a conflict with what it replays, another one may answer; what is
      // wrong with the statement itself, the primary will tell.
      this.metrics.readsGivenUp.inc({ from: replica.name });
      return undefined;
    }
    this.note(reading, replica.name, replica.lagMs, result);
    return result;
  }

  private async readPrimary<Row>(
    { statement, values, positioned }: Query<Row>,
    reading: Reading | undefined,
  ): Promise<PositionedRows<Row>> {
    const { database } = this;
    const name = database.members.primaryName() ?? loneServer;
    let result: PositionedRows<Row>;
    if (positioned) {
      const { epoch } = this.log;
      const [before, rows, after] = await database.session((session) =>
        Promise.all([session.run(flushed, []), session.run(statement, values), session.run(flushed, [])]),
      );
      result = { rows, ...this.bounds(epoch, toLsn(before), toLsn(after)) };
    } else {
      const rows = await database.run(statement, values);
      result = { rows, atLeast: startPosition, atMost: startPosition };
    }
    this.note(reading, name, 0, result);
    return result;
  }

  /**
   * The primary flushes a commit before it shows it. So a read shows nothing beyond what is flushed after it; but it shows
   * for certain only what was followed by something else before it.
   */
  private bounds(
    epoch: number,
    before: bigint,
    after: bigint,
  ): Pick<PositionedRows<never>, 'atLeast' | 'atMost'> {
    const { epoch: epochNow } = this.log;
    return {
      atLeast: epoch === epochNow ? { epoch, lsn: before - 1n } : startPosition,
      atMost: { epoch: epochNow, lsn: after },
    };
  }

  private note(
    reading: Reading | undefined,
    server: string,
    lagMs: number,
    { atMost }: { atMost: Position },
  ): void {
    this.metrics.reads.inc({ level: reading?.demand.level ?? 'none', from: server });
    reading?.hasRead(server, lagMs);
    if (reading?.keepsSession === true) reading.hasSeen(atMost);
  }

  private inOrder(reading: Reading, key: string | undefined): Replica[] {
    const replicas = this.database.members.replicas();
    reading.replicaNames ??= (
      key === undefined ? inTurn(replicas, (this.turn += 1)) : inOrderOfKey(replicas, key)
    ).map(({ name }) => name);
    const rank = (replica: Replica): number => {
      const place = reading.replicaNames?.indexOf(replica.name) ?? -1;
      return place === -1 ? replicas.length : place;
    };
    return [...replicas].sort((left, right) => rank(left) - rank(right));
  }

  private shows(position: Position, least: bigint): boolean {
    return position.epoch === this.log.epoch && position.lsn >= least;
  }

  private async firstToReach(replicas: readonly Replica[], lsn: bigint): Promise<Replica | undefined> {
    if (replicas.length === 0) return undefined;
    const position = { epoch: this.log.epoch, lsn };
    const reached = await Promise.any(
      replicas.map(async (replica) => {
        if (await replica.reaches(position, this.config.waitMs)) return replica;
        throw new Error(`${replica.name} is behind`);
      }),
    ).catch(() => undefined);
    this.metrics.readWaits.inc({ outcome: reached === undefined ? 'late' : 'reached' });
    return reached;
  }
}

interface Query<Row> {
  readonly statement: Statement<Row>;
  readonly values: readonly unknown[];
  readonly positioned: boolean;
}

function toLsn([row]: readonly { lsn: string }[]): bigint {
  return parseLsn(row?.lsn ?? '0/0');
}
