import { join } from 'node:path';

import type { RemoteTransport } from '#platform/config/process-config.js';

import { repositoryRoot } from '../repository.js';
import type { PlannedMember, PlannedService } from './plan.js';
import { contextsEnvironment, databaseEnvironment } from './postgres/roles.js';
import { answersOk } from './readiness.js';
import type { StateFolder } from './state-folder.js';
import type { ProcessPlan } from './supervisor.js';
import type { ServiceName, Values } from './topology.js';

/** What all services of a platform are told. */
export interface ServicesContext {
  readonly state: StateFolder;
  readonly values: Values;
  readonly services: readonly PlannedService[];
  readonly url: string;
  readonly members: readonly PlannedMember[];
  readonly postgresPort: number;
  readonly redisPort: number | undefined;
  readonly nodeOptions: string | undefined;
}

export const stateMarker = 'TRISTATE_STATE_ID';

/**
 * Who watches over the shop and takes no orders. What is told to the shop alone is not told to them, so that a change of it leaves
 * them alone: without the supervisor there is soon no primary.
 */
const watchers: ReadonlySet<ServiceName> = new Set(['registry', 'supervisor']);

export function planService(service: PlannedService, context: ServicesContext): ProcessPlan {
  const { node } = context.values;
  return {
    name: service.name,
    kind: 'service',
    port: service.httpPort,
    command: process.execPath,
    args: [
      `--max-old-space-size=${node.maxOldSpaceMb}`,
      `--max-semi-space-size=${node.maxSemiSpaceMb}`,
      // Until the service is ready, which switches it on: most of a start is code that runs once.
      '--no-opt',
      join(repositoryRoot, 'dist/bundle/services', service.service, 'main.js'),
    ],
    environment: serviceEnvironment(service, context),
    workingFolder: context.state.path,
    // The whole shop is stopped: with SIGTERM a service would first wait until everybody knows that it goes.
    stopSignal: 'SIGINT',
    inBackground: !watchers.has(service.service),
    // A primary that is lost while a service starts ends it, as it should; the next attempt finds another.
    startAttempts: context.members.length > 0 ? 3 : 1,
    isReady: () => answersOk(service.httpPort, '/readyz'),
  };
}

function serviceEnvironment(service: PlannedService, context: ServicesContext): Record<string, string> {
  const { state, values, services, url } = context;
  const sharesOneProcess = service.service === 'monolith';
  const knowsTopology = sharesOneProcess || service.service === controlPlane(values);
  const watches = watchers.has(service.service);
  return {
    PATH: process.env['PATH'] ?? '',
    HOME: process.env['HOME'] ?? '/',
    NODE_ENV: 'production',
    ...(context.nodeOptions !== undefined && { NODE_OPTIONS: context.nodeOptions }),
    [stateMarker]: state.id,
    TRISTATE_SERVICE: service.service,
    TRISTATE_NAME: service.name,
    TRISTATE_STAGE: String(values.stage.number),
    TRISTATE_HTTP_ADDRESS: `127.0.0.1:${service.httpPort}`,
    TRISTATE_SECRETS_DIR: join(state.secretsFolder, service.service),
    ...(!watches && orderSettings(context)),
    ...(service.service !== 'supervisor' && balancingSettings(values)),
    TRISTATE_HEARTBEAT_INTERVAL_MS: String(values.heartbeat.intervalMs),
    TRISTATE_HEARTBEAT_DETECTOR: values.heartbeat.detector,
    TRISTATE_HEARTBEAT_KEEP_SHARE: String(values.heartbeat.keepShare),
    TRISTATE_HEARTBEAT_SLOW_START_MS: String(values.heartbeat.slowStartMs),
    TRISTATE_LOG_LEVEL: values.log.level,
    ...(service.grpcPort !== undefined && { TRISTATE_GRPC_ADDRESS: `127.0.0.1:${service.grpcPort}` }),
    ...(!sharesOneProcess && { TRISTATE_PEERS: peers(services, values.transport) }),
    ...(!sharesOneProcess && values.transport === 'rest' && { TRISTATE_TRANSPORT: 'rest' }),
    ...(knowsTopology && { TRISTATE_TOPOLOGY: topology(context, url) }),
    ...databaseSettings(service, context),
    ...(service.service === 'supervisor' && supervision(context)),
  };
}

/** How orders are placed and read. */
function orderSettings({ values, redisPort }: ServicesContext): Record<string, string> {
  return {
    TRISTATE_ORDER_PROTOCOL: values.orders.protocol,
    TRISTATE_ORDER_DEADLINE_MS: String(values.orders.deadlineMs),
    TRISTATE_ORDER_MAX_UNDER_WAY: String(values.orders.maxUnderWay),
    TRISTATE_CONSISTENCY_DEFAULT: values.consistency.default,
    TRISTATE_CONSISTENCY_READ_YOUR_WRITES: values.consistency.readYourWrites,
    TRISTATE_CONSISTENCY_WINDOW_MS: String(values.consistency.windowMs),
    TRISTATE_CONSISTENCY_WAIT_MS: String(values.consistency.waitMs),
    TRISTATE_OVERLOAD: values.overload.enabled ? 'on' : 'off',
    TRISTATE_OVERLOAD_ORDERS_UNDER_WAY: String(values.overload.ordersUnderWay),
    TRISTATE_OVERLOAD_READS_UNDER_WAY: String(values.overload.readsUnderWay),
    ...(redisPort !== undefined && { TRISTATE_REDIS_URL: `redis://127.0.0.1:${redisPort}` }),
  };
}

function balancingSettings({ balancing }: Values): Record<string, string> {
  return {
    TRISTATE_BALANCING_FRONT_DOOR: balancing.frontDoor,
    TRISTATE_BALANCING_GRPC: balancing.grpc,
    TRISTATE_BALANCING_ADAPTIVE: balancing.adaptive ? 'on' : 'off',
  };
}

function databaseSettings(
  { database, databaseRole: role, contexts, databasePoolSize: poolSize }: PlannedService,
  { state, values, members, postgresPort }: ServicesContext,
): Record<string, string> {
  const server = { poolSize, port: members[0]?.wirePorts?.clients ?? postgresPort };
  const access =
    contexts !== undefined
      ? contextsEnvironment(state, contexts, server)
      : database !== undefined && role !== undefined
        ? databaseEnvironment(state, { database, role, ...server })
        : undefined;
  if (access === undefined) return {};
  return {
    ...access,
    TRISTATE_DATABASE_MEMBERS: memberAddresses(members, ({ port, wirePorts }) => wirePorts?.clients ?? port),
    TRISTATE_DATABASE_MAX_REPLICA_LAG_MS: String(values.postgres.maxReplicaLagMs),
  };
}

function supervision({ state, values, members }: ServicesContext): Record<string, string> {
  return {
    TRISTATE_CLUSTER_RECORD: state.clusterRecordPath,
    TRISTATE_REPLICATION_MEMBERS: memberAddresses(
      members,
      ({ port, wirePorts }) => wirePorts?.replication ?? port,
    ),
    TRISTATE_DATABASE_SYNCHRONOUS: values.postgres.synchronous,
    TRISTATE_DATABASE_FAILOVER: values.postgres.failover,
    TRISTATE_DATABASE_PATIENCE: String(values.postgres.patience),
  };
}

/** `postgres-1=127.0.0.1:5001,postgres-2=127.0.0.1:5002` */
function memberAddresses(
  members: readonly PlannedMember[],
  portOf: (member: PlannedMember) => number,
): string {
  return members.map((member) => `${member.name}=127.0.0.1:${portOf(member)}`).join(',');
}

/** `inventory=127.0.0.1:5001,127.0.0.1:5002;account=…` */
function peers(services: readonly PlannedService[], transport: RemoteTransport): string {
  const addresses = new Map<string, string[]>();
  for (const { service, httpPort, grpcPort } of services) {
    const port = transport === 'rest' ? httpPort : grpcPort;
    if (port === undefined) continue;
    addresses.set(service, [...(addresses.get(service) ?? []), `127.0.0.1:${port}`]);
  }
  return [...addresses].map(([name, copies]) => `${name}=${copies.join(',')}`).join(';');
}

/** Who answers /control where the services are apart. */
function controlPlane({ transport }: Values): ServiceName {
  return transport === 'rest' ? 'order' : 'registry';
}

function topology({ values, services }: ServicesContext, url: string): string {
  return JSON.stringify({
    stage: values.stage.number,
    url,
    processes: services.map(({ name, service, httpPort, grpcPort }) => ({
      name,
      service,
      httpAddress: `127.0.0.1:${httpPort}`,
      ...(grpcPort !== undefined && { grpcAddress: `127.0.0.1:${grpcPort}` }),
    })),
  });
}
