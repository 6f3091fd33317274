import type { PositionedRows, Replica } from './members.js';
import { isAtLeast, later, parseLsn, startPosition, type Position } from './position.js';
import { clusterDatabase } from './replication-names.js';
import { mostBehindMs, type Sighting } from './sighting.js';
import { unlimitedTrust, type ServerPool } from './server-pool.js';
import type { Statement } from './sql.js';

/** How often a replica is asked while somebody waits for it. */
const pollMs = 3;
/** Time for one question, however little the caller will wait. */
const leastWaitMs = 25;

/** A server that was promoted meanwhile tells what it has flushed: nothing that is not can be seen in it. */
const where: Statement<{ lsn: string; epoch: string | null }> = {
  name: 'replayed',
  text: `
    SELECT (CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_flush_lsn() END)::text AS lsn,
           shobj_description((SELECT oid FROM pg_database WHERE datname = '${clusterDatabase}'), 'pg_database') AS epoch`,
};

interface Waiter {
  readonly position: Position;
  readonly settle: (reached: boolean) => void;
}

export interface MemberReplicaParts {
  readonly name: string;
  readonly pool: () => ServerPool;
}

/** One server as a replica; whether it is one now, its owner knows. */
export class MemberReplica implements Replica {
  readonly name: string;
  lagMs = 0;
  /** How it and the primary were last heard. */
  heard: { readonly replica: Sighting; readonly primary: Sighting | undefined } | undefined;
  replayed: Position = startPosition;
  private readonly waiters = new Set<Waiter>();
  private isPolling = false;
  /** Counts the times that the server was lost: what it told before says nothing about what it has replayed since. */
  private life = 0;

  constructor(private readonly parts: MemberReplicaParts) {
    this.name = parts.name;
  }

  mostBehindMs(): number {
    const { heard } = this;
    return heard === undefined ? Infinity : mostBehindMs(heard.replica, heard.primary, performance.now());
  }

  /** What the server has told; only while it is not lost does it go forward. */
  learn(position: Position): void {
    this.replayed = later(this.replayed, position);
    this.settleReached();
  }

  /** A server that comes back may show less than it has shown before. */
  forget(): void {
    this.life += 1;
    this.replayed = startPosition;
    this.settleAll(false);
  }

  run<Row>(statement: Statement<Row>, values: readonly unknown[]): Promise<Row[]> {
    return this.parts.pool().run(statement, values, unlimitedTrust);
  }

  async runPositioned<Row>(
    statement: Statement<Row>,
    values: readonly unknown[],
    pool = this.parts.pool(),
  ): Promise<PositionedRows<Row>> {
    const { life } = this;
    const { epoch } = this.replayed;
    const { before, rows, after } = await pool.between(where, statement, values);
    const positions = { before: toPosition(before, epoch), after: toPosition(after, epoch) };
    if (this.life === life) this.learn(positions.before);
    return { rows, ...positions };
  }

  reaches(position: Position, waitMs: number): Promise<boolean> {
    if (isAtLeast(this.replayed, position)) return Promise.resolve(true);
    return new Promise((resolve) => {
      const waiter: Waiter = {
        position,
        settle: (reached) => {
          clearTimeout(timer);
          this.waiters.delete(waiter);
          resolve(reached);
        },
      };
      const timer = setTimeout(() => waiter.settle(false), Math.max(waitMs, leastWaitMs));
      this.waiters.add(waiter);
      void this.poll();
    });
  }

  private async poll(): Promise<void> {
    if (this.isPolling) return;
    this.isPolling = true;
    while (this.waiters.size > 0) {
      const { life } = this;
      const { epoch } = this.replayed;
      try {
        const rows = await this.parts.pool().run(where, [], unlimitedTrust);
        if (this.life === life) this.learn(toPosition(rows, epoch));
      } catch {
        this.settleAll(false);
      }
      if (this.waiters.size > 0) await new Promise((resolve) => setTimeout(resolve, pollMs));
    }
    this.isPolling = false;
  }

  private settleReached(): void {
    for (const waiter of this.waiters) {
      if (isAtLeast(this.replayed, waiter.position)) waiter.settle(true);
    }
  }

  private settleAll(reached: boolean): void {
    for (const waiter of this.waiters) waiter.settle(reached);
  }
}

/**
 * The epoch is written where every database of a server can read it, so that place and epoch are of one moment.
 *
 * @param lastEpoch what the server was last heard to be in, where it is not written
 */
function toPosition(rows: readonly { lsn: string; epoch: string | null }[], lastEpoch: number): Position {
  const { lsn, epoch } = rows[0] ?? { lsn: '0/0', epoch: null };
  return { epoch: epoch === null ? lastEpoch : Number(epoch), lsn: parseLsn(lsn) };
}
