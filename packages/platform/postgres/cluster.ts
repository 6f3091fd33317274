import {
  synchronousModes,
  type DatabaseConfig,
  type DatabaseMember,
  type SynchronousMode,
} from '../config/process-config.js';
import { Problem } from '../errors/problem.js';
import type { Logger } from '../logging/logger.js';
import type { Metrics } from '../metrics/metrics.js';
import { LongWaits } from './long-waits.js';
import { MemberReplica } from './member-replica.js';
import type { Members, Replica } from './members.js';
import { NeighbourDatabase } from './neighbour-database.js';
import type { Primary, PrimarySource, Refusal } from './primary-source.js';
import { Pulse, type EpochStarts } from './pulse.js';
import { clusterDatabase } from './replication-names.js';
import type { ServerPool } from './server-pool.js';
import { ServerPools } from './server-pools.js';
import { judge, lagMsOf, type Judgement, type Sighting } from './sighting.js';
import { waitForStart } from './wait-for-start.js';

/** How often every server is asked what it is. */
const beatMs = 250;
/** While nothing can be written, every moment counts. */
const urgentBeatMs = 100;
/** A replica that was silent for so long gets no reads. */
const replicaSilenceMs = 1_500;

interface Server {
  readonly member: DatabaseMember;
  readonly connectionString: string;
  readonly pulse: Pulse;
  readonly replica: MemberReplica;
  /** For all that this process has to do with the server, be it the primary or a replica. */
  readonly pools: ServerPools;
  /** Undefined when the server is known to be away. */
  sighting: Sighting | undefined;
}

type Holder = NonNullable<Judgement['primary']>;

/**
 * The servers of the cluster, asked by every process itself: which one is the primary is in their tables, as a lease, so that
 * nobody else has to be there for a process to go on, and a primary that was replaced is left by its lease's end at the latest.
 */
export class Cluster implements PrimarySource, Members {
  readonly members = this;
  epoch = 0;
  private readonly servers: readonly Server[];
  private readonly byName: ReadonlyMap<string, Server>;
  private readonly starts = new Map<number, bigint>();
  private readonly listeners: ((epoch: number) => void)[] = [];
  private readonly neighbours: NeighbourDatabase[] = [];
  private nextBeat: NodeJS.Timeout | undefined;
  private primary: Primary | undefined;
  private holder: Holder | undefined;
  /** The primary whose lease has run out without another in its place: it may get a new one. */
  private lapsed: Server | undefined;
  /** As it was last heard, also after it has gone. */
  private lastPrimary: Sighting | undefined;
  private readable: readonly Replica[] = [];
  private expiry: NodeJS.Timeout | undefined;

  constructor(
    private readonly config: DatabaseConfig,
    private readonly applicationName: string,
    private readonly metrics: Metrics,
    private readonly logger: Logger,
  ) {
    this.servers = config.members.map((member) => this.newServer(member));
    this.byName = new Map(this.servers.map((server) => [server.member.name, server]));
    this.goOnBeating();
  }

  current(): Primary | undefined {
    const { primary } = this;
    return primary === undefined || primary.trust.untilMs < performance.now() ? undefined : primary;
  }

  refusal(): Refusal | undefined {
    if (this.current() === undefined) return 'no-primary';
    const lease = this.holder?.lease;
    return lease !== undefined && lease.synchronous !== 'none' && lease.synchronousReplicas === 0
      ? 'no-synchronous-replica'
      : undefined;
  }

  get synchronous(): SynchronousMode {
    const mode = this.holder?.lease.synchronous ?? this.lastPrimary?.lease?.synchronous;
    return synchronousModes.find((known) => known === mode) ?? 'none';
  }

  replicas(): readonly Replica[] {
    return this.readable;
  }

  primaryName(): string | undefined {
    return this.current()?.name;
  }

  endOf(epoch: number): bigint | undefined {
    let end: bigint | undefined;
    // A later promotion may have gone back further: to a replica that had not got far in the epochs between.
    for (const [later, beganAt] of this.starts)
      if (later > epoch && (end === undefined || beganAt < end)) end = beganAt;
    return end;
  }

  onEpoch(listener: (epoch: number) => void): void {
    this.listeners.push(listener);
  }

  start(): Promise<void> {
    return waitForStart(() => this.refusal(), this.logger);
  }

  ping(): Promise<void> {
    // The pulses have asked already.
    const canRead = this.current() !== undefined || this.readable.length > 0;
    return canRead ? Promise.resolve() : Promise.reject(new Problem('no-primary'));
  }

  beside({ connectionString: template, poolSize }: DatabaseConfig): NeighbourDatabase {
    const { applicationName } = this;
    const servers = this.servers.map(({ member, pools, replica }) => {
      const connectionString = connectionStringOf(template, member);
      const pool = (): ServerPool => pools.of(connectionString, poolSize);
      const longWaits = new LongWaits(connectionString, applicationName);
      return [member.name, { connectionString, pool, replica, longWaits }] as const;
    });
    const neighbour = new NeighbourDatabase(this, new Map(servers));
    this.neighbours.push(neighbour);
    return neighbour;
  }

  async close(): Promise<void> {
    clearTimeout(this.nextBeat);
    clearTimeout(this.expiry);
    this.primary = undefined;
    this.readable = [];
    for (const { pulse, replica } of this.servers) {
      pulse.close();
      replica.forget();
    }
    await Promise.all(this.servers.map(({ pools }) => pools.close()));
  }

  private newServer(member: DatabaseMember): Server {
    const connectionString = connectionStringOf(this.config.connectionString, member);
    const { name } = member;
    const { applicationName, metrics, logger } = this;
    const server: Server = {
      member,
      connectionString,
      pulse: new Pulse({
        member,
        connectionString: connectionStringOf(this.config.connectionString, member, clusterDatabase),
        applicationName,
        knownEpoch: () => Math.max(0, ...this.starts.keys()),
        heard: (sighting, starts) => this.hear(server, sighting, starts),
        lost: (why) => this.lose(server, why),
      }),
      replica: new MemberReplica({ name, pool: () => this.poolOf(server) }),
      pools: new ServerPools({ applicationName, metrics, logger }),
      sighting: undefined,
    };
    return server;
  }

  private poolOf({ connectionString, pools }: Server): ServerPool {
    return pools.of(connectionString, this.config.poolSize);
  }

  private goOnBeating(): void {
    this.beat();
    const pauseMs = this.refusal() === undefined ? beatMs : urgentBeatMs;
    this.nextBeat = setTimeout(() => this.goOnBeating(), pauseMs);
  }

  private beat(): void {
    for (const { pulse } of this.servers) pulse.beat();
    this.chooseReplicas();
  }

  private hear(server: Server, sighting: Sighting, starts: EpochStarts): void {
    for (const [epoch, beganAt] of starts) this.starts.set(epoch, beganAt);
    server.sighting = sighting;
    this.reconsider();
    server.replica.learn({ epoch: sighting.lease?.epoch ?? 0, lsn: sighting.lsn });
    this.chooseReplicas();
    // The pulse has ended those of its own role.
    if (!sighting.inRecovery && (sighting.lease?.synchronous ?? 'none') !== 'none')
      for (const neighbour of this.neighbours) neighbour.endLongWaits(server.member.name);
  }

  private lose(server: Server, why: 'silent' | 'refused'): void {
    server.replica.forget();
    // Of a server that is only silent nothing is known: its lease lasts as long as it was given.
    const isPrimary = this.primary?.name === server.member.name;
    if (why === 'refused' || !isPrimary) server.sighting = undefined;
    const mayReturn = server === this.lapsed && why === 'silent';
    if (!isPrimary && !mayReturn) this.closePool(server, 'upstream-unavailable');
    this.reconsider();
    this.chooseReplicas();
  }

  private reconsider(): void {
    const sightings = this.servers.flatMap(({ sighting }) => sighting ?? []);
    const { epoch, primary } = judge(sightings, this.epoch, performance.now());
    const before = this.primary;
    const mayReturn = primary === undefined && epoch === before?.epoch;
    if (before !== undefined && (primary?.sighting.member !== before.name || epoch !== before.epoch))
      this.leavePrimary(before, mayReturn);
    if (epoch !== this.epoch) this.enterEpoch(epoch);
    this.holder = primary;
    if (primary === undefined) return;
    this.lastPrimary = primary.sighting;
    this.metrics.databaseEpoch.set(epoch);
    if (this.primary === undefined) this.enterPrimary(primary);
    else this.primary.trust.untilMs = primary.untilMs;
    this.watchExpiry();
  }

  private enterEpoch(epoch: number): void {
    this.logger.info({ epoch, before: this.epoch }, 'the database is in a new epoch');
    this.epoch = epoch;
    this.lastPrimary = undefined;
    if (this.lapsed !== undefined) this.closePool(this.lapsed, 'no-primary');
    this.lapsed = undefined;
    for (const listener of this.listeners) listener(epoch);
  }

  private enterPrimary({ sighting, untilMs, lease: { epoch } }: Holder): void {
    const server = this.byName.get(sighting.member);
    if (server === undefined) return;
    this.lapsed = undefined;
    const { connectionString, member } = server;
    const pool = this.poolOf(server);
    this.primary = { name: member.name, epoch, pool, trust: { untilMs }, connectionString };
    this.metrics.databasePrimary.set({ member: member.name }, 1);
    this.metrics.databasePrimaryChanges.inc({ change: 'begins' });
    this.logger.info({ primary: member.name, epoch }, 'the database has a primary');
  }

  /** @param mayReturn its lease is over, and nobody has been put in its place */
  private leavePrimary(primary: Primary, mayReturn: boolean): void {
    this.primary = undefined;
    primary.trust.untilMs = -Infinity;
    clearTimeout(this.expiry);
    const server = this.byName.get(primary.name);
    if (mayReturn) server?.pools.interrupt('no-primary');
    else if (server !== undefined) this.closePool(server, 'no-primary');
    this.lapsed = mayReturn ? server : undefined;
    this.metrics.databasePrimary.set({ member: primary.name }, 0);
    this.metrics.databasePrimaryChanges.inc({ change: 'ceases' });
    this.logger.warn({ primary: primary.name, epoch: primary.epoch }, 'the primary of the database is left');
  }

  /** A server that is silent until its lease is over is left with all that was sent to it. */
  private watchExpiry(): void {
    clearTimeout(this.expiry);
    if (this.primary === undefined) return;
    const leftMs = this.primary.trust.untilMs - performance.now();
    this.expiry = setTimeout(() => this.reconsider(), Math.max(0, leftMs) + 1);
  }

  private closePool(server: Server, why: 'no-primary' | 'upstream-unavailable'): void {
    server.pools.destroy(why);
  }

  private chooseReplicas(): void {
    const nowMs = performance.now();
    this.readable = this.servers.flatMap(({ sighting, replica, member }) => {
      if (sighting?.inRecovery !== true || sighting.lease?.epoch !== this.epoch) return [];
      const primary = this.lastPrimary;
      replica.heard = { replica: sighting, primary };
      replica.lagMs = lagMsOf(sighting, primary);
      this.metrics.replicaLagSeconds.set({ member: member.name }, replica.lagMs / 1_000);
      const lagBytes = primary === undefined || primary.lsn < sighting.lsn ? 0n : primary.lsn - sighting.lsn;
      this.metrics.replicaLagBytes.set({ member: member.name }, Number(lagBytes));
      const isSilent = nowMs - sighting.sentAtMs > replicaSilenceMs;
      return isSilent || replica.lagMs > this.config.maxReplicaLagMs ? [] : [replica];
    });
  }
}

function connectionStringOf(template: string, { host, port }: DatabaseMember, database?: string): string {
  const url = new URL(template);
  url.hostname = host;
  url.port = String(port);
  if (database !== undefined) url.pathname = `/${database}`;
  return url.href;
}
