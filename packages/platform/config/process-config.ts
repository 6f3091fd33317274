import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import {
  clientStrategies,
  frontDoorStrategies,
  type ClientStrategy,
  type FrontDoorStrategy,
} from '#protocols/balancing/strategy.js';
import { detectorNames, type DetectorName } from '#protocols/failure-detector/detector.js';
import { contextsSchema, readDatabases, type ContextConfigs } from './database-config.js';
import { address, json, members, onOff } from './environment-values.js';
import { serviceNames, type ServiceName } from './service-names.js';
import { readVersion } from './version.js';

export { serviceNames, type ServiceName };

/**
 * The configuration of one service process. This is the only place of the services that reads the
 * environment: it is parsed once, typed and frozen, and a process with a bad key does not start.
 */
export interface ProcessConfig {
  readonly service: ServiceName;
  /** Name of this process, for example `order-1`; answered in X-Served-By. */
  readonly name: string;
  /** 1 to 10. */
  readonly stage: number;
  readonly http: Address;
  /** How the services call each other. */
  readonly transport: Transport;
  /** Absent where nobody calls this process over gRPC. */
  readonly grpc: Address | undefined;
  /** Where others reach this process, when it listens on every address of its machine. */
  readonly advertisedHost: string;
  /** The only one of this process, or the first of those by context. */
  readonly database: DatabaseConfig | undefined;
  /** Undefined where all that this process keeps is in `database`. */
  readonly contexts: ContextConfigs | undefined;
  readonly consistency: ConsistencyConfig;
  readonly overload: OverloadConfig;
  readonly balancing: BalancingConfig;
  /** Of the supervisor alone. */
  readonly supervision: SupervisionConfig | undefined;
  /** Absent in the stages before the cache. */
  readonly redisUrl: string | undefined;
  readonly heartbeat: HeartbeatConfig;
  /** Of the shop's code, as it tells the registry. */
  readonly version: string;
  /** Addresses of the other services' processes, for the transport. */
  readonly peers: ReadonlyMap<ServiceName, readonly string[]>;
  readonly order: {
    readonly protocol: ProtocolName;
    readonly deadlineMs: number;
    /** Transactions that the coordinator has under way at once. */
    readonly maxUnderWay: number;
  };
  readonly topology: Topology | undefined;
  readonly secrets: Secrets;
  readonly logLevel: string;
}

/** `in-process`: they share one. */
export type Transport = 'in-process' | RemoteTransport;
export const remoteTransports = ['rest', 'grpc'] as const;
export type RemoteTransport = (typeof remoteTransports)[number];

/** How reads are answered that do not say how. */
export interface ConsistencyConfig {
  readonly level: ConsistencyLevel;
  readonly readYourWrites: ReadYourWrites;
  /** How long after a write its session reads from the primary, under `window`. */
  readonly windowMs: number;
  /** How long a read waits for a replica to catch up. */
  readonly waitMs: number;
}

export const consistencyLevels = ['strong', 'read-your-writes', 'monotonic', 'causal', 'eventual'] as const;
export type ConsistencyLevel = (typeof consistencyLevels)[number];

export const readYourWritesStrategies = ['primary', 'window', 'token'] as const;
export type ReadYourWrites = (typeof readYourWritesStrategies)[number];

/** How copies are chosen until the registry says otherwise. */
export interface BalancingConfig {
  readonly frontDoor: FrontDoorStrategy;
  readonly grpc: ClientStrategy;
  /** Whether weights follow the load that the copies tell of. */
  readonly adaptive: boolean;
}

/** What one process takes on at once; more is refused before anything is touched. */
export interface OverloadConfig {
  readonly enabled: boolean;
  readonly ordersUnderWay: number;
  readonly readsUnderWay: number;
}

/** How processes tell the registry that they live, and how it judges them. */
export interface HeartbeatConfig {
  readonly intervalMs: number;
  readonly detector: DetectorName;
  /** 0 to 1: the share of a service's members below which nobody is left out as dead. */
  readonly keepShare: number;
  /** How long a member that has just come gets less than its share. */
  readonly slowStartMs: number;
}

/** What a write waits for before it is acknowledged. */
export const synchronousModes = ['none', 'flush', 'remote_apply'] as const;
export type SynchronousMode = (typeof synchronousModes)[number];

/** Whether a replica is promoted by itself or by command. */
export const failoverModes = ['hot', 'cold'] as const;
export type FailoverMode = (typeof failoverModes)[number];

export interface SupervisionConfig {
  /** The file in which the supervisor remembers the epoch and its primary. */
  readonly recordPath: string;
  /** Where replicas find each member when it is the primary; empty where that is the member's own address. */
  readonly replicationMembers: readonly DatabaseMember[];
  readonly synchronous: SynchronousMode;
  readonly failover: FailoverMode;
  /** How many times longer than 2.5 s the primary's lease lasts, and what follows from it; 1 to 3. */
  readonly patience: number;
}

export interface Address {
  readonly host: string;
  readonly port: number;
}

export interface DatabaseConfig {
  /** Holds the password: never to be logged. */
  readonly connectionString: string;
  readonly poolSize: number;
  /** The primary and its replicas, in any order; empty where one server stands alone. */
  readonly members: readonly DatabaseMember[];
  /** A replica that is further behind gets no reads. */
  readonly maxReplicaLagMs: number;
}

/** A PostgreSQL server of the cluster. Which one is the primary is found out by asking them. */
export interface DatabaseMember extends Address {
  /** For example postgres-1. */
  readonly name: string;
}

export interface Secrets {
  /** Signs users' bearer tokens. */
  readonly tokenKey: string;
  /** Proves to a gRPC server which of the platform's services calls. */
  readonly serviceKey: string;
  /** SHA-256 in hexadecimal of every service's key. */
  readonly callers: Readonly<Partial<Record<ServiceName, string>>>;
  readonly adminToken: string;
}

/** The commit protocols that a caller may ask for. */
export const protocolNames = ['saga', 'tcc', '2pc', '3pc', 'none'] as const;
export type ProtocolName = (typeof protocolNames)[number];

const topologySchema = z.strictObject({
  stage: z.int().min(1).max(10),
  url: z.string(),
  processes: z.array(
    z.strictObject({
      name: z.string(),
      service: z.string(),
      httpAddress: z.string(),
      /** Absent where nobody calls it over gRPC. */
      grpcAddress: z.string().optional(),
    }),
  ),
});

/** What runs where, as the launcher (or the chart) planned it. */
export type Topology = z.infer<typeof topologySchema>;

const peers = z.string().transform((text, context) => {
  const map = new Map<ServiceName, string[]>();
  for (const part of text.split(';').filter((part) => part !== '')) {
    const [name, addresses = ''] = part.split('=', 2);
    const service = serviceNames.find((known) => known === name);
    if (service === undefined || addresses === '') {
      context.addIssue({ code: 'custom', message: `"${part}" is not SERVICE=HOST:PORT,HOST:PORT` });
      return z.NEVER;
    }
    map.set(service, addresses.split(','));
  }
  return map;
});

const environmentSchema = z.object({
  TRISTATE_SERVICE: z.enum(serviceNames),
  TRISTATE_NAME: z.string().regex(/^[a-z0-9.-]{1,63}$/),
  TRISTATE_STAGE: z.coerce.number().int().min(1).max(10),
  TRISTATE_HTTP_ADDRESS: address,
  TRISTATE_TRANSPORT: z.enum(remoteTransports).default('grpc'),
  TRISTATE_GRPC_ADDRESS: address.optional(),
  TRISTATE_ADVERTISED_HOST: z
    .string()
    .regex(/^[^:\s]+$/, 'must be a host without a port')
    .optional(),
  TRISTATE_DATABASE_URL: z.url({ protocol: /^postgres(ql)?$/ }).optional(),
  TRISTATE_DATABASE_PASSWORD_FILE: z.string().optional(),
  TRISTATE_DATABASE_CONTEXTS: contextsSchema.optional(),
  TRISTATE_DATABASE_POOL_SIZE: z.coerce.number().int().min(2).max(100).default(8),
  TRISTATE_DATABASE_MEMBERS: members.default([]),
  TRISTATE_DATABASE_MAX_REPLICA_LAG_MS: z.coerce.number().int().min(100).max(600_000).default(10_000),
  TRISTATE_DATABASE_SYNCHRONOUS: z.enum(synchronousModes).default('none'),
  TRISTATE_DATABASE_FAILOVER: z.enum(failoverModes).default('hot'),
  TRISTATE_DATABASE_PATIENCE: z.coerce.number().min(1).max(3).default(1),
  TRISTATE_REPLICATION_MEMBERS: members.default([]),
  TRISTATE_CLUSTER_RECORD: z.string().min(1).optional(),
  TRISTATE_CONSISTENCY_DEFAULT: z.enum(consistencyLevels).default('read-your-writes'),
  TRISTATE_CONSISTENCY_READ_YOUR_WRITES: z.enum(readYourWritesStrategies).default('token'),
  TRISTATE_CONSISTENCY_WINDOW_MS: z.coerce.number().int().min(1).max(60_000).default(2_000),
  TRISTATE_CONSISTENCY_WAIT_MS: z.coerce.number().int().min(0).max(5_000).default(100),
  TRISTATE_OVERLOAD: onOff.default(true),
  TRISTATE_OVERLOAD_ORDERS_UNDER_WAY: z.coerce.number().int().min(1).max(100_000).default(72),
  TRISTATE_OVERLOAD_READS_UNDER_WAY: z.coerce.number().int().min(1).max(100_000).default(96),
  TRISTATE_BALANCING_FRONT_DOOR: z.enum(frontDoorStrategies).default('round-robin'),
  TRISTATE_BALANCING_GRPC: z.enum(clientStrategies).default('round-robin'),
  TRISTATE_BALANCING_ADAPTIVE: onOff.default(false),
  TRISTATE_HEARTBEAT_INTERVAL_MS: z.coerce.number().int().min(20).max(10_000).default(200),
  TRISTATE_HEARTBEAT_DETECTOR: z.enum(detectorNames).default('phi-accrual'),
  TRISTATE_HEARTBEAT_KEEP_SHARE: z.coerce.number().min(0).max(1).default(0.5),
  TRISTATE_HEARTBEAT_SLOW_START_MS: z.coerce.number().int().min(0).max(600_000).default(3_000),
  TRISTATE_REDIS_URL: z.url({ protocol: /^rediss?$/ }).optional(),
  TRISTATE_SECRETS_DIR: z.string().min(1),
  TRISTATE_PEERS: peers.default(new Map()),
  TRISTATE_ORDER_PROTOCOL: z.enum(protocolNames).default('saga'),
  TRISTATE_ORDER_DEADLINE_MS: z.coerce.number().int().min(50).max(60_000).default(2000),
  TRISTATE_ORDER_MAX_UNDER_WAY: z.coerce.number().int().min(1).max(100_000).default(4096),
  TRISTATE_TOPOLOGY: json.pipe(topologySchema).optional(),
  TRISTATE_LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),
});

/**
 * Reads and checks the configuration of a process of `service`.
 *
 * @throws Error whose message names every bad key and every secret that is missing.
 */
export function readProcessConfig(
  service: ServiceName,
  environment: Record<string, string | undefined> = process.env,
): ProcessConfig {
  const parsed = environmentSchema.safeParse({ TRISTATE_SERVICE: service, ...environment });
  if (!parsed.success) {
    const bad = parsed.error.issues.map((issue) => `  ${issue.path.join('.')}: ${issue.message}`);
    throw new Error(`The configuration is wrong:\n${bad.join('\n')}`);
  }
  const env = parsed.data;
  if (env.TRISTATE_SERVICE !== service) {
    throw new Error(`TRISTATE_SERVICE is ${env.TRISTATE_SERVICE}, but this is the ${service} process`);
  }
  return Object.freeze({
    service,
    name: env.TRISTATE_NAME,
    stage: env.TRISTATE_STAGE,
    http: env.TRISTATE_HTTP_ADDRESS,
    transport: service === 'monolith' ? 'in-process' : env.TRISTATE_TRANSPORT,
    grpc: env.TRISTATE_GRPC_ADDRESS,
    advertisedHost: env.TRISTATE_ADVERTISED_HOST ?? env.TRISTATE_HTTP_ADDRESS.host,
    ...databaseConfigs(env),
    consistency: {
      level: env.TRISTATE_CONSISTENCY_DEFAULT,
      readYourWrites: env.TRISTATE_CONSISTENCY_READ_YOUR_WRITES,
      windowMs: env.TRISTATE_CONSISTENCY_WINDOW_MS,
      waitMs: env.TRISTATE_CONSISTENCY_WAIT_MS,
    },
    overload: {
      enabled: env.TRISTATE_OVERLOAD,
      ordersUnderWay: env.TRISTATE_OVERLOAD_ORDERS_UNDER_WAY,
      readsUnderWay: env.TRISTATE_OVERLOAD_READS_UNDER_WAY,
    },
    balancing: {
      frontDoor: env.TRISTATE_BALANCING_FRONT_DOOR,
      grpc: env.TRISTATE_BALANCING_GRPC,
      adaptive: env.TRISTATE_BALANCING_ADAPTIVE,
    },
    supervision: supervisionConfig(env),
    redisUrl: env.TRISTATE_REDIS_URL,
    heartbeat: {
      intervalMs: env.TRISTATE_HEARTBEAT_INTERVAL_MS,
      detector: env.TRISTATE_HEARTBEAT_DETECTOR,
      keepShare: env.TRISTATE_HEARTBEAT_KEEP_SHARE,
      slowStartMs: env.TRISTATE_HEARTBEAT_SLOW_START_MS,
    },
    version: readVersion(),
    peers: env.TRISTATE_PEERS,
    order: {
      protocol: env.TRISTATE_ORDER_PROTOCOL,
      deadlineMs: env.TRISTATE_ORDER_DEADLINE_MS,
      maxUnderWay: env.TRISTATE_ORDER_MAX_UNDER_WAY,
    },
    topology: env.TRISTATE_TOPOLOGY,
    secrets: {
      tokenKey: readSecret(env.TRISTATE_SECRETS_DIR, 'token-key'),
      serviceKey: readSecret(env.TRISTATE_SECRETS_DIR, 'service-key'),
      callers: readCallers(env.TRISTATE_SECRETS_DIR),
      adminToken: readSecret(env.TRISTATE_SECRETS_DIR, 'admin-token'),
    },
    logLevel: env.TRISTATE_LOG_LEVEL,
  });
}

function supervisionConfig(env: z.infer<typeof environmentSchema>): SupervisionConfig | undefined {
  if (env.TRISTATE_CLUSTER_RECORD === undefined) return undefined;
  return {
    recordPath: env.TRISTATE_CLUSTER_RECORD,
    replicationMembers: env.TRISTATE_REPLICATION_MEMBERS,
    synchronous: env.TRISTATE_DATABASE_SYNCHRONOUS,
    failover: env.TRISTATE_DATABASE_FAILOVER,
    patience: env.TRISTATE_DATABASE_PATIENCE,
  };
}

function databaseConfigs(
  env: z.infer<typeof environmentSchema>,
): Pick<ProcessConfig, 'database' | 'contexts'> {
  return readDatabases({
    url: env.TRISTATE_DATABASE_URL,
    passwordFile: env.TRISTATE_DATABASE_PASSWORD_FILE,
    contexts: env.TRISTATE_DATABASE_CONTEXTS,
    poolSize: env.TRISTATE_DATABASE_POOL_SIZE,
    members: env.TRISTATE_DATABASE_MEMBERS,
    maxReplicaLagMs: env.TRISTATE_DATABASE_MAX_REPLICA_LAG_MS,
  });
}

const callersSchema = z.partialRecord(z.enum(serviceNames), z.string().regex(/^[0-9a-f]{64}$/));

function readCallers(directory: string): Secrets['callers'] {
  const path = join(directory, 'callers.json');
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    throw new Error(`${path} cannot be read: it says who may call`, { cause });
  }
  const parsed = json.pipe(callersSchema).safeParse(text);
  if (!parsed.success) throw new Error(`${path} must be {SERVICE: SHA-256 of its key in hexadecimal}`);
  return parsed.data;
}

/** A secret shorter than this was typed by a person, not generated. */
const minSecretLength = 32;

function readSecret(directory: string, name: string): string {
  const path = join(directory, name);
  let secret: string;
  try {
    secret = readFileSync(path, 'utf8').trim();
  } catch (cause) {
    throw new Error(`The secret ${path} cannot be read`, { cause });
  }
  if (secret.length < minSecretLength) {
    throw new Error(
      `The secret ${path} is shorter than ${minSecretLength} characters; generate a random one`,
    );
  }
  return secret;
}
