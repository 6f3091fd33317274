import { Problem } from '../errors/problem.js';
import type { SynchronousMode } from '../config/process-config.js';
import type { Session, Statement } from '../postgres/database.js';
import type { Members, Replica } from '../postgres/members.js';
import { formatLsn, type Position } from '../postgres/position.js';

/** The statement whose only row is the number of the latest write that the server shows. */
export const latestWrite: Statement<{ version: number }> = { name: 'latest-write', text: '' };

interface Server {
  readonly name: string;
  /** Up to where it has replayed, and up to where this process has heard that it has. */
  lsn: bigint;
  heard: bigint;
  lagMs: number;
  /** It waits with replaying, so that waiting for it is of no use. */
  stuck: boolean;
  broken: boolean;
}

/** A cluster as a table of numbers: one log, servers that show a part of it, and promotions that cut it off. */
export class ClusterModel {
  epoch = 1;
  synchronous: SynchronousMode = 'none';
  primary: string | undefined = 'postgres-1';
  /** LSNs of the writes that are in the log, in its order; a write is known by its number. */
  private log: { readonly lsn: bigint; readonly version: number }[] = [];
  private version = 0;
  private end = 1_000n;
  private readonly ends = new Map<number, bigint>();
  readonly servers: Server[];

  constructor(replicas: number) {
    this.servers = Array.from({ length: replicas + 1 }, (_, index) => ({
      name: `postgres-${index + 1}`,
      lsn: this.end,
      heard: this.end,
      lagMs: 0,
      stuck: false,
      broken: false,
    }));
  }

  /** Returns the number of the write. */
  write(): number {
    if (this.primary === undefined) throw new Problem('no-primary');
    this.end += 10n;
    this.version += 1;
    this.log.push({ lsn: this.end, version: this.version });
    return this.version;
  }

  get latest(): number {
    return this.versionAt(this.end);
  }

  isThere(version: number): boolean {
    return version === 0 || this.log.some((entry) => entry.version === version);
  }

  replicaAt(index: number): Server {
    const replicas = this.servers.filter(({ name }) => name !== this.primary);
    const server = replicas[index % replicas.length];
    if (server === undefined) throw new Error('the model has no replica');
    return server;
  }

  /** The replica goes on by so many steps of the log, and as far as this process hears of it, or not. */
  replay(server: Server, steps: number, isHeard: boolean): void {
    const lsn = server.lsn + 10n * BigInt(steps);
    server.lsn = lsn < this.end ? lsn : this.end;
    if (isHeard) server.heard = server.lsn;
  }

  /** Promotes a replica, however far behind: what it does not have is lost, for all. */
  promote(server: Server): void {
    this.ends.set(this.epoch, server.lsn);
    this.epoch += 1;
    this.primary = server.name;
    this.end = server.lsn;
    this.log = this.log.filter(({ lsn }) => lsn <= server.lsn);
    for (const other of this.servers) {
      if (other.lsn > this.end) other.lsn = this.end;
      if (other.heard > other.lsn) other.heard = other.lsn;
    }
    // The new log goes on with LSNs that the old one had given to other writes.
    this.end += 1n;
  }

  readonly database = {
    members: this.members(),
    position: async (): Promise<Position> => {
      if (this.primary === undefined) throw new Problem('no-primary');
      return { epoch: this.epoch, lsn: this.end };
    },
    run: async <Row>(): Promise<Row[]> => {
      if (this.primary === undefined) throw new Problem('no-primary');
      return [{ version: this.latest }] as Row[];
    },
    session: async <T>(work: (session: Session) => Promise<T>): Promise<T> =>
      work({
        run: async <Row>(statement: Statement<Row>) => {
          const [row] = await this.database.run<Row>();
          return [statement.name === latestWrite.name ? row : { lsn: formatLsn(this.end) }] as Row[];
        },
        command: () => Promise.reject(new Error('a read needs no command')),
      }),
  };

  private versionAt(end: bigint): number {
    return this.log.findLast(({ lsn }) => lsn <= end)?.version ?? 0;
  }

  private members(): Members {
    const replicas = (): Replica[] =>
      this.servers.filter(({ name }) => name !== this.primary).map((server) => this.replica(server));
    const { ends } = this;
    const model = this as ClusterModel;
    return {
      get epoch() {
        return model.epoch;
      },
      get synchronous() {
        return model.synchronous;
      },
      replicas,
      primaryName: () => this.primary,
      endOf: (epoch) => ends.get(epoch),
      onEpoch: () => undefined,
    };
  }

  private replica(server: Server): Replica {
    const run = async <Row>(): Promise<Row[]> => {
      if (server.broken) throw new Problem('upstream-unavailable');
      return [{ version: this.versionAt(server.lsn) }] as Row[];
    };
    const now = (): Position => ({ epoch: this.epoch, lsn: server.lsn });
    return {
      name: server.name,
      lagMs: server.lagMs,
      mostBehindMs: () => server.lagMs,
      replayed: { epoch: this.epoch, lsn: server.heard },
      run,
      runPositioned: async <Row>() => ({ rows: await run<Row>(), before: now(), after: now() }),
      reaches: async ({ epoch, lsn }) => {
        if (server.stuck || server.broken || epoch !== this.epoch || lsn > this.end) return false;
        if (server.lsn < lsn) server.lsn = lsn;
        return true;
      },
    };
  }
}
