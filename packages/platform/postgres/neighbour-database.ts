import type { DatabaseConfig, SynchronousMode } from '../config/process-config.js';
import type { Cluster } from './cluster.js';
import type { LongWaits } from './long-waits.js';
import type { MemberReplica } from './member-replica.js';
import type { Members, PositionedRows, Replica } from './members.js';
import type { Position } from './position.js';
import type { Primary, PrimarySource, Refusal } from './primary-source.js';
import { unlimitedTrust, type ServerPool } from './server-pool.js';
import type { Statement } from './sql.js';

/** A server as a neighbour uses it. */
export interface NeighbourServer {
  readonly connectionString: string;
  readonly pool: () => ServerPool;
  readonly replica: MemberReplica;
  readonly longWaits: LongWaits;
}

/**
 * Another database of a cluster that this process watches already: with connections of its own, as a role of its own. Who the
 * primary is, and how far the replicas are, is the same for all databases of a server.
 */
export class NeighbourDatabase implements PrimarySource, Members {
  readonly members = this;
  private readonly replicaOf: ReadonlyMap<string, Replica>;

  constructor(
    private readonly cluster: Cluster,
    private readonly servers: ReadonlyMap<string, NeighbourServer>,
  ) {
    this.replicaOf = new Map([...servers].map(([name, server]) => [name, new NeighbourReplica(server)]));
  }

  current(): Primary | undefined {
    const primary = this.cluster.current();
    const server = primary === undefined ? undefined : this.servers.get(primary.name);
    if (primary === undefined || server === undefined) return undefined;
    return { ...primary, pool: server.pool(), connectionString: server.connectionString };
  }

  refusal(): Refusal | undefined {
    return this.cluster.refusal();
  }

  get epoch(): number {
    return this.cluster.epoch;
  }

  get synchronous(): SynchronousMode {
    return this.cluster.synchronous;
  }

  replicas(): readonly Replica[] {
    return this.cluster.replicas().flatMap(({ name }) => this.replicaOf.get(name) ?? []);
  }

  primaryName(): string | undefined {
    return this.cluster.primaryName();
  }

  endOf(epoch: number): bigint | undefined {
    return this.cluster.endOf(epoch);
  }

  onEpoch(listener: (epoch: number) => void): void {
    this.cluster.onEpoch(listener);
  }

  start(): Promise<void> {
    return this.cluster.start();
  }

  ping(): Promise<void> {
    return this.cluster.ping();
  }

  beside(config: DatabaseConfig): PrimarySource {
    return this.cluster.beside(config);
  }

  /** At the server that is the primary, as its pulse has told. */
  endLongWaits(member: string): void {
    this.servers.get(member)?.longWaits.end();
  }

  /** Its pools are the cluster's to close. */
  close(): Promise<void> {
    for (const { longWaits } of this.servers.values()) longWaits.close();
    return Promise.resolve();
  }
}

/** A replica whose place is known by the watch, read in another database. */
class NeighbourReplica implements Replica {
  readonly name: string;

  constructor(private readonly server: NeighbourServer) {
    this.name = server.replica.name;
  }

  get lagMs(): number {
    return this.server.replica.lagMs;
  }

  get replayed(): Position {
    return this.server.replica.replayed;
  }

  mostBehindMs(): number {
    return this.server.replica.mostBehindMs();
  }

  run<Row>(statement: Statement<Row>, values: readonly unknown[]): Promise<Row[]> {
    return this.server.pool().run(statement, values, unlimitedTrust);
  }

  runPositioned<Row>(statement: Statement<Row>, values: readonly unknown[]): Promise<PositionedRows<Row>> {
    return this.server.replica.runPositioned(statement, values, this.server.pool());
  }

  reaches(position: Position, waitMs: number): Promise<boolean> {
    return this.server.replica.reaches(position, waitMs);
  }
}
