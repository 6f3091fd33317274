import { join } from 'node:path';

import type { Progress } from '#bootstrap/progress.mjs';

import { Failure } from '../failure.js';
import { FrontDoorClient } from '../front-door-client.js';
import { stateArgument } from '../options.js';
import { repositoryRoot } from '../repository.js';
import { seedUsers, type SeededUser } from '../users.js';
import { prepareDataFolders, type DataFolders } from './data-folder.js';
import { endLeftOvers } from './left-overs.js';
import { planNginx } from './nginx.js';
import { planPlatform, poolConnections, portsNeeded, type PlatformPlan } from './plan.js';
import { findFreePorts, probePort } from './ports.js';
import { clusterExists, createCluster, createDatabases, planPostgres } from './postgres.js';
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
import { Supervisor } from './supervisor.js';
import { findSystemUser } from './system-user.js';
import { readValues, type Values } from './topology.js';

export interface PlatformOptions {
  readonly stage: number;
  readonly port: number;
  readonly stateFolder: string;
  readonly progress: Progress;
  /** NODE_OPTIONS of the services, for a profiler. */
  readonly nodeOptions?: string;
}

export interface StartedPlatform {
  readonly url: string;
  readonly stageName: string;
  readonly users: readonly SeededUser[];
}

const gracefulStopMs = { nginx: 2_500, service: 10_500, postgres: 5_000, redis: 2_000 } as const;
const wholeStopMs = 13_000;
const stopOrder = ['nginx', 'service', 'postgres', 'redis'] as const;

/** A topology that runs on this machine, under this process. */
export class Platform {
  readonly state: StateFolder;
  private readonly values: Values;
  private readonly supervisor: Supervisor;
  private record: RunRecord;
  private claimed = false;
  private ending: Promise<void> | undefined;

  constructor(private readonly options: PlatformOptions) {
    const { stage, port, stateFolder, progress } = options;
    this.values = readValues(join(repositoryRoot, 'charts/tristate'), stage);
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
    await refuseTakenPort(port);
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
    const plan = planPlatform(this.values, {
      frontDoor: port,
      others: await findFreePorts(portsNeeded(this.values), port),
    });
    await this.startPostgres(folders, plan);
    await this.startRedis(folders, plan);
    await this.startServices(plan);
    await this.startNginx(folders, plan);
    const client = new FrontDoorClient(this.record.url);
    const users = await progress.step('users', () => seedUsers(this.state, client));
    this.update({ phase: 'ready' });
    return { url: this.record.url, stageName: this.values.stage.name, users };
  }

  private async startPostgres(folders: DataFolders, plan: PlatformPlan): Promise<void> {
    const { progress } = this.options;
    const { maxPreparedTransactions, sharedBuffersMb } = this.values.postgres;
    const port = plan.postgresPort;
    if (!clusterExists(folders)) {
      await progress.step('PostgreSQL data folder', () => createCluster(this.state, folders));
    }
    const settings = {
      port,
      poolConnections: poolConnections(plan),
      maxPreparedTransactions,
      sharedBuffersMb,
    };
    await progress.step('PostgreSQL', async () => {
      await this.supervisor.start([planPostgres(folders, settings)]);
      await createDatabases(this.state, port, plan.databases);
    });
  }

  private async startRedis(folders: DataFolders, { redisPort }: PlatformPlan): Promise<void> {
    if (redisPort === undefined) return;
    const settings = { port: redisPort, maxMemoryMb: this.values.redis.maxMemoryMb };
    await this.options.progress.step('Redis', () => this.supervisor.start([planRedis(folders, settings)]));
  }

  private async startServices({ services, postgresPort, redisPort }: PlatformPlan): Promise<void> {
    const context = {
      state: this.state,
      values: this.values,
      services,
      url: this.record.url,
      postgresPort,
      redisPort,
      nodeOptions: this.options.nodeOptions,
    };
    const plans = services.map((service) => planService(service, context));
    const title = plans.length === 1 ? 'the shop, one process' : `services, ${plans.length} processes`;
    await this.options.progress.step(title, (report) => this.supervisor.start(plans, report));
  }

  private async startNginx(folders: DataFolders, { services }: PlatformPlan): Promise<void> {
    const { frontDoor, orders } = this.values;
    const { port, progress } = this.options;
    if (!frontDoor.enabled) return;
    const upstreams = new Map<string, string[]>();
    for (const { service, httpPort } of services) {
      upstreams.set(service, [...(upstreams.get(service) ?? []), `127.0.0.1:${httpPort}`]);
    }
    const { workers, upstreamKeepAlive } = frontDoor;
    const door = {
      listen: `127.0.0.1:${port}`,
      workers,
      upstreamKeepAlive,
      orderDeadlineMs: orders.deadlineMs,
      upstreams,
    };
    await progress.step('nginx', () => this.supervisor.start([planNginx(folders, port, door)]));
  }

  private async stopParts(): Promise<void> {
    this.update({ phase: 'stopping' });
    this.supervisor.close();
    const timer = setTimeout(() => this.kill(), wholeStopMs);
    for (const kind of stopOrder) {
      await this.supervisor.stop(this.supervisor.names(kind), gracefulStopMs[kind]);
    }
    clearTimeout(timer);
    if (this.claimed) removeRunRecord(this.state);
  }

  private update(change: Partial<RunRecord>): void {
    this.record = { ...this.record, ...change };
    if (this.claimed) writeRunRecord(this.state, this.record);
  }
}

async function refuseTakenPort(port: number): Promise<void> {
  const state = await probePort(port);
  if (state === 'in-use') {
    throw new Failure(`Port ${port} is in use. Name another with --port, for example --port ${port + 1}.`);
  }
  if (state === 'forbidden') {
    throw new Failure(`Port ${port} may be used by root only. Name one from 1024 on with --port.`);
  }
}
