import type { Progress } from '#bootstrap/progress.mjs';
import type { FrontDoor } from '#platform/nginx/front-door.js';
import type { UpstreamServer } from '#platform/nginx/upstream.js';
import { readClusterRecord } from '#platform/postgres/cluster-record.js';
import { fullWeight } from '#protocols/balancing/strategy.js';

import { Failure } from '../failure.js';
import { FrontDoorClient } from '../front-door-client.js';
import { stateArgument } from '../options.js';
import { chartFolder } from '../repository.js';
import { seedUsers, type SeededUser } from '../users.js';
import { prepareDataFolders, type DataFolders } from './data-folder.js';
import { endLeftOvers } from './left-overs.js';
import { watchFrontDoor } from './front-door-watch.js';
import { planNginx } from './nginx.js';
import {
  memberNames,
  planPlatform,
  portsNeeded,
  publicPorts,
  type PlannedService,
  type PlatformPlan,
} from './plan.js';
import { findFreePorts, probePort } from './ports.js';
import type { Servers } from './postgres/servers.js';
import { startDatabase } from './postgres/start-database.js';
import { planRedis } from './redis.js';
import {
  claimRun,
  findLiveRun,
  ownProcessId,
  readRunRecord,
  removeRunRecord,
  writeRunRecord,
  type RunRecord,
} from './run-record.js';
import { planService } from './services.js';
import { openStateFolder, type StateFolder } from './state-folder.js';
import { Supervisor, type ProcessPlan } from './supervisor.js';
import { findSystemUser } from './system-user.js';
import { readValues, type Values } from './topology.js';
import { planWires } from './wires/plan-wires.js';

export interface PlatformOptions {
  readonly stage: number;
  readonly port: number;
  readonly stateFolder: string;
  readonly progress: Progress;
  /** Proxies before the PostgreSQL servers, also where the values have none. */
  readonly wires?: boolean;
  /** How many replicas the database has, whatever the values say. */
  readonly replicas?: number;
  /** Takes on whatever comes, whatever the values say. */
  readonly neverSheds?: boolean;
  /** NODE_OPTIONS of the services, for a profiler. */
  readonly nodeOptions?: string;
}

export interface StartedPlatform {
  readonly url: string;
  /** Of the other copies, where clients choose one. */
  readonly otherUrls: readonly string[];
  readonly stageName: string;
  readonly users: readonly SeededUser[];
}

const gracefulStopMs = {
  nginx: 2_500,
  service: 10_500,
  postgres: 5_000,
  redis: 2_000,
  wires: 1_000,
} as const;
const wholeStopMs = 13_000;
const highestTcpPort = 65_535;
const stopOrder = ['nginx', 'service', 'postgres', 'redis', 'wires'] as const;

/** A topology that runs on this machine, under this process. */
export class Platform {
  readonly state: StateFolder;
  private readonly values: Values;
  private readonly supervisor: Supervisor;
  private record: RunRecord;
  /** Of a database cluster, once it is started. */
  private servers: Servers | undefined;
  private frontDoorWatch: { close(): void } | undefined;
  private claimed = false;
  private ending: Promise<void> | undefined;

  constructor(private readonly options: PlatformOptions) {
    const { stage, port, stateFolder, progress, wires, replicas, neverSheds } = options;
    const read = readValues(chartFolder, stage);
    const taking = neverSheds === true ? { ...read, overload: { ...read.overload, enabled: false } } : read;
    const values = replicas === undefined ? taking : withReplicas(taking, replicas);
    this.values = wires === true ? withWires(values) : values;
    this.state = openStateFolder(stateFolder);
    this.record = {
      launcher: ownProcessId(),
      phase: 'starting',
      stage,
      url: `http://localhost:${port}`,
      processes: [],
    };
    this.supervisor = new Supervisor(this.state.logsFolder, {
      onLine: (text) => progress.line(text),
      onChange: (processes) => this.update({ processes }),
    });
  }

  /** Starts everything in order; when something fails, ends what was started and throws. */
  async start(): Promise<StartedPlatform> {
    await this.claim();
    try {
      return await this.startParts();
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  /** Stops everything in order and leaves no process behind. */
  stop(): Promise<void> {
    this.ending ??= this.stopParts();
    return this.ending;
  }

  /** Stops everything at once. */
  kill(): void {
    this.supervisor.killAll();
  }

  private async claim(): Promise<void> {
    const { progress, port } = this.options;
    this.refuseWhenRunning();
    if (readRunRecord(this.state)) {
      const ended = await endLeftOvers(this.state);
      progress.line(`! An earlier run was cut off; ${ended} of its processes were left and have been ended`);
    }
    for (const one of publicPorts(this.values, port)) await refuseTakenPort(one, port);
    if (!claimRun(this.state, this.record)) this.refuseWhenRunning();
    this.claimed = true;
  }

  private refuseWhenRunning(): void {
    const run = findLiveRun(this.state);
    if (!run) return;
    const { phase, stage, url, launcher } = run;
    const how = phase === 'ready' ? `runs at ${url}` : `is ${phase} at ${url}`;
    throw new Failure(
      `A platform (stage ${stage}, pid ${launcher.pid}) ${how} with the state folder ${this.state.path}.\n` +
        `Stop it with \`npx tristate down${stateArgument(this.state.path)}\`, or start another with --state and --port.`,
    );
  }

  private async startParts(): Promise<StartedPlatform> {
    const { progress, port } = this.options;
    const folders = prepareDataFolders(this.state, findSystemUser());
    const others = await findFreePorts(portsNeeded(this.values), publicPorts(this.values, port));
    const plan = planPlatform(this.values, { frontDoor: port, others }, this.memberNames());
    const { state, values, supervisor } = this;
    await this.startWires(plan);
    const cluster = await startDatabase({ state, folders, values, plan, supervisor, progress });
    this.servers = cluster?.servers;
    // Copies keep the disk busy: the services come first then.
    const replicas = cluster?.servers.mustClone === false ? cluster.startReplicas() : undefined;
    await this.startRedis(folders, plan);
    await this.startServices(plan);
    await this.startNginx(folders, plan);
    if (cluster) await progress.step('replicas', () => replicas ?? cluster.startReplicas());
    const client = new FrontDoorClient(this.record.url);
    const users = await progress.step('users', () => seedUsers(this.state, client));
    this.update({ phase: 'ready' });
    const [, ...otherPorts] = publicPorts(this.values, port);
    const otherUrls = otherPorts.map((other) => `http://localhost:${other}`);
    return { url: this.record.url, otherUrls, stageName: this.values.stage.name, users };
  }

  private memberNames(): string[] {
    return memberNames(
      this.values.postgres.replicas,
      readClusterRecord(this.state.clusterRecordPath)?.primary,
    );
  }

  private async startWires({ members, wiresControlPort }: PlatformPlan): Promise<void> {
    if (wiresControlPort === undefined) return;
    const plan = planWires({ state: this.state, members, controlPort: wiresControlPort });
    await this.options.progress.step('wires', () => this.supervisor.start([plan]));
  }

  private async startRedis(folders: DataFolders, { redisPort }: PlatformPlan): Promise<void> {
    if (redisPort === undefined) return;
    const settings = { port: redisPort, maxMemoryMb: this.values.redis.maxMemoryMb };
    await this.options.progress.step('Redis', () => this.supervisor.start([planRedis(folders, settings)]));
  }

  private async startServices({ services, members, postgresPort, redisPort }: PlatformPlan): Promise<void> {
    const context = {
      state: this.state,
      values: this.values,
      services,
      url: this.record.url,
      members,
      postgresPort,
      redisPort,
      nodeOptions: this.options.nodeOptions,
    };
    const start = async (chosen: readonly PlannedService[], title: string): Promise<void> => {
      const plans = chosen.map((service) => planService(service, context));
      await this.options.progress.step(title, (report) => this.supervisor.start(plans, report));
    };
    // Who watches the primary must not be loading its own code while all the others take the processor from it.
    const first = services.filter(({ service }) => service === 'supervisor');
    if (first.length > 0) await start(first, 'supervisor');
    const rest = services.filter((service) => !first.includes(service));
    await start(rest, rest.length === 1 ? 'the shop, one process' : `services, ${rest.length} processes`);
  }

  private async startNginx(folders: DataFolders, { services }: PlatformPlan): Promise<void> {
    const { balancing, frontDoor, orders, overload } = this.values;
    const { port, progress } = this.options;
    if (!frontDoor.enabled) return;
    const upstreams = new Map<string, UpstreamServer[]>();
    for (const { service, httpPort } of services) {
      const server = { address: `127.0.0.1:${httpPort}`, weight: fullWeight };
      upstreams.set(service, [...(upstreams.get(service) ?? []), server]);
    }
    const { workers, upstreamKeepAlive } = frontDoor;
    const door = {
      listen: `127.0.0.1:${port}`,
      workers,
      upstreamKeepAlive,
      orderDeadlineMs: orders.deadlineMs,
      strategy: balancing.frontDoor,
      limits: overload,
      upstreams,
    };
    const nginx = planNginx(folders, port, door);
    await progress.step('nginx', () => this.supervisor.start([nginx]));
    this.followRegistry(nginx, door, services);
  }

  /** Keeps nginx's upstreams as the registry sees the shop, where there is one. */
  private followRegistry(nginx: ProcessPlan, planned: FrontDoor, services: readonly PlannedService[]): void {
    const registry = services.find(({ service }) => service === 'registry');
    if (registry === undefined) return;
    this.frontDoorWatch = watchFrontDoor({
      nginx,
      planned,
      keepShare: this.values.heartbeat.keepShare,
      registryPort: registry.httpPort,
      state: this.state,
      reload: () => this.supervisor.signal(nginx.name, 'SIGHUP'),
      onLine: (text) => this.options.progress.line(text),
    });
  }

  private async stopParts(): Promise<void> {
    this.update({ phase: 'stopping' });
    this.supervisor.close();
    this.servers?.close();
    this.frontDoorWatch?.close();
    const timer = setTimeout(() => this.kill(), wholeStopMs);
    for (const kind of stopOrder) {
      const names = this.supervisor.names(kind);
      const first = names.filter((name) => name === this.servers?.primary);
      // A primary that ends before its replicas leaves them with all that it has.
      await this.supervisor.stop(first, gracefulStopMs[kind]);
      await this.supervisor.stop(names, gracefulStopMs[kind]);
    }
    clearTimeout(timer);
    if (this.claimed) removeRunRecord(this.state);
  }

  private update(change: Partial<RunRecord>): void {
    this.record = { ...this.record, ...change };
    if (this.claimed) writeRunRecord(this.state, this.record);
  }
}

/** With a supervisor exactly where there are replicas. */
function withReplicas(values: Values, replicas: number): Values {
  const supervisor = { ...values.services.supervisor, replicas: Math.min(1, replicas) };
  return {
    ...values,
    services: { ...values.services, supervisor },
    postgres: { ...values.postgres, replicas },
  };
}

function withWires(values: Values): Values {
  if (values.postgres.replicas === 0)
    throw new Failure(
      `Stage ${values.stage.number} has one PostgreSQL server, before which there are no wires.`,
    );
  return { ...values, postgres: { ...values.postgres, wires: true } };
}

/** @param asked the first of the ports, which --port says */
async function refuseTakenPort(port: number, asked: number): Promise<void> {
  if (port > highestTcpPort)
    throw new Failure(`The copies need ports up to ${port}. Name a lower one with --port.`);
  const state = await probePort(port);
  if (state === 'in-use') {
    const copies = port === asked ? '' : ' The copies have ports of their own, one after the other.';
    throw new Failure(
      `Port ${port} is in use.${copies} Name another with --port, for example --port ${port + 1}.`,
    );
  }
  if (state === 'forbidden') {
    throw new Failure(`Port ${port} may be used by root only. Name one from 1024 on with --port.`);
  }
}
