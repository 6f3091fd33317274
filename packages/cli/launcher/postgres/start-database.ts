import type { Progress } from '#bootstrap/progress.mjs';
import { readClusterRecord } from '#platform/postgres/cluster-record.js';

import { Failure } from '../../failure.js';
import type { DataFolders } from '../data-folder.js';
import { poolConnections, type PlannedMember, type PlatformPlan } from '../plan.js';
import type { StateFolder } from '../state-folder.js';
import type { Supervisor } from '../supervisor.js';
import type { Values } from '../topology.js';
import { createCluster } from './create-cluster.js';
import { readOrMakeRecord } from './first-record.js';
import { createClusterRoles, createDatabases, writeReplicatorPassword } from './roles.js';
import { aloneServer, planServer, type ServerSettings } from './server.js';
import { adoptFormerFolder, inspectFolder, serverFolder } from './server-folder.js';
import { Servers, type PrimaryWork } from './servers.js';

export interface DatabaseContext {
  readonly state: StateFolder;
  readonly folders: DataFolders;
  readonly values: Values;
  readonly plan: PlatformPlan;
  readonly supervisor: Supervisor;
  readonly progress: Progress;
}

/** What a cluster's primary has been started for. */
export interface StartedCluster {
  readonly servers: Servers;
  /** Resolves when the replicas answer, or when that takes too long: the shop is open without them, too. */
  readonly startReplicas: () => Promise<void>;
}

const firstMember = 'postgres-1';
const host = '127.0.0.1';

/** Starts PostgreSQL: a server that stands alone, or the primary of a cluster. */
export async function startDatabase(context: DatabaseContext): Promise<StartedCluster | undefined> {
  adoptFormerFolder(context.folders, firstMember);
  if (context.plan.members.length > 0) return startCluster(context);
  await startAlone(context);
  return undefined;
}

async function startAlone(context: DatabaseContext): Promise<void> {
  const { state, folders, plan, supervisor, progress } = context;
  // After a run with replicas the data is where the last primary has it.
  const member = readClusterRecord(state.clusterRecordPath)?.primary ?? firstMember;
  if (inspectFolder(serverFolder(folders, member)).isStandby) {
    throw new Failure(
      `${member} was about to be promoted when it was stopped. Start a stage with replicas first.`,
    );
  }
  await createMissing(context, member);
  const port = plan.postgresPort;
  const server = { ...settingsOf(context), alone: true, name: aloneServer, member, port };
  await progress.step('PostgreSQL', async () => {
    await supervisor.start([planServer(folders, server)]);
    await createDatabases(state, port, plan.databases);
  });
}

async function startCluster(context: DatabaseContext): Promise<StartedCluster> {
  const { state, folders, values, plan, supervisor, progress } = context;
  const { mode, synchronous } = { mode: values.postgres.failover, synchronous: values.postgres.synchronous };
  const names = plan.members.map(({ name }) => name);
  writeReplicatorPassword(state, folders);
  const record = readOrMakeRecord(state.clusterRecordPath, folders, names, { mode, synchronous });
  const primary = plan.members.find(({ name }) => name === record.primary);
  if (primary === undefined) throw new Error(`${record.primary} is not among ${names.join(', ')}`);
  await createMissing(context, primary.name);
  const servers = newServers(context);
  const makeRoles: PrimaryWork = async ({ port }) => {
    await createDatabases(state, port, plan.databases);
    await createClusterRoles(state, port, { services: plan.databases, members: names });
  };
  await progress.step('PostgreSQL', async () => {
    await supervisor.start([servers.plan(primary)]);
    await servers.servePrimary(makeRoles);
  });
  const replicas = plan.members.filter(({ name }) => name !== primary.name);
  const startReplicas = async (): Promise<void> => {
    try {
      await supervisor.start(replicas.map((member) => servers.plan(member)));
    } catch (error) {
      progress.line(
        `! not all replicas are there yet: ${error instanceof Error ? error.message : String(error)}`,
      );
    }
  };
  void servers.watch((member) => supervisor.replace(member));
  void servers.serveEachPrimary(makeRoles);
  return { servers, startReplicas };
}

async function createMissing({ state, folders, progress }: DatabaseContext, member: string): Promise<void> {
  if (inspectFolder(serverFolder(folders, member)).exists) return;
  await progress.step('PostgreSQL data folder', () => createCluster(state, folders, member));
}

function newServers(context: DatabaseContext): Servers {
  const { state, folders, values, plan, supervisor, progress } = context;
  const isMember = (name: string): boolean =>
    plan.members.some((member: PlannedMember) => member.name === name);
  return new Servers({
    state,
    folders,
    recordPath: state.clusterRecordPath,
    members: plan.members.map(({ name, port }) => ({ name, host, port })),
    replicationMembers: plan.members.map(({ name, port, wirePorts }) => ({
      name,
      host,
      port: wirePorts?.replication ?? port,
    })),
    settings: settingsOf(context),
    isSupervised: () => values.services.supervisor.replicas > 0,
    liveOthers: (member) =>
      supervisor.running().filter(({ name }) => isMember(name) && name !== member).length,
    quickDeaths: (member) => supervisor.quickDeaths(member),
    onLine: (text) => progress.line(text),
  });
}

/** Sessions beyond the services' pools: the launcher, a person with psql, tests, pgbench with 64 clients. */
const spareConnections = 80;

/** Of a server in a cluster: room for each process's look at each server, and the same from stage to stage. */
const clusterConnections = 300;

function settingsOf({ values, plan }: DatabaseContext): Omit<ServerSettings, 'alone'> {
  const { maxPreparedTransactions, sharedBuffersMb } = values.postgres;
  const needed = poolConnections(plan) + spareConnections;
  const maxConnections = plan.members.length > 0 ? Math.max(needed, clusterConnections) : needed;
  return { maxConnections, maxPreparedTransactions, sharedBuffersMb };
}
