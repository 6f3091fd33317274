import type { ContextName } from '#platform/config/database-config.js';
import { clusterDatabase, supervisorRole } from '#platform/postgres/replication-names.js';

import { serviceNames, type ServiceName, type Values } from './topology.js';

/** The supervisor keeps a connection of its own to each member; what else it asks is little. */
const supervisorPoolSize = 2;

/** The databases of a process that has several, by context; each has a role of its own name. */
export type ContextDatabaseNames = Readonly<Partial<Record<ContextName, readonly string[]>>>;

/** One copy of a service, with the ports that it was given. */
export interface PlannedService {
  readonly name: string;
  readonly service: ServiceName;
  readonly httpPort: number;
  /** Absent where nobody would call it over gRPC. */
  readonly grpcPort: number | undefined;
  /** The only one. */
  readonly database: string | undefined;
  /** As whom it uses the database. */
  readonly databaseRole: string | undefined;
  /** Instead of the only one. */
  readonly contexts: ContextDatabaseNames | undefined;
  /** Of each database. */
  readonly databasePoolSize: number;
}

export interface PortPlan {
  /** What users call; without a front door the first copy has it, and the others those after it. */
  readonly frontDoor: number;
  /** Free ports, used in turn. */
  readonly others: readonly number[];
}

/** A server of a PostgreSQL cluster. */
export interface PlannedMember {
  readonly name: string;
  /** Where the server listens. */
  readonly port: number;
  /** Where services, and where its replicas reach it, when wires lie between. */
  readonly wirePorts: { readonly clients: number; readonly replication: number } | undefined;
}

export interface PlatformPlan {
  readonly services: readonly PlannedService[];
  /** Each has a role of the same name. */
  readonly databases: readonly string[];
  /** The primary and its replicas; empty where one server stands alone. */
  readonly members: readonly PlannedMember[];
  /** Of the server that stands alone, or of the first member. */
  readonly postgresPort: number;
  readonly redisPort: number | undefined;
  /** Absent without wires. */
  readonly wiresControlPort: number | undefined;
}

/** Two for each copy of a service, one (or three, with wires) for each PostgreSQL server, one for Redis and the wires. */
export function portsNeeded({ services, postgres }: Values): number {
  const servers = (1 + postgres.replicas) * (postgres.wires ? 3 : 1);
  return servers + 2 + 2 * serviceNames.reduce((sum, name) => sum + services[name].replicas, 0);
}

/** The members' names. A primary is always among them, also when there were more replicas once. */
export function memberNames(replicas: number, primary?: string): string[] {
  if (replicas === 0) return [];
  const names = Array.from({ length: replicas + 1 }, (_, index) => `postgres-${index + 1}`);
  return primary === undefined || names.includes(primary) ? names : [...names.slice(0, -1), primary];
}

/** The ports that users call: the front door's, or those of the copies among which they choose. */
export function publicPorts({ frontDoor, services }: Values, port: number): number[] {
  const doors = frontDoor.enabled ? 1 : services.monolith.replicas;
  return Array.from({ length: doors }, (_, index) => port + index);
}

/** Which processes run, under which names and ports. Without a front door copies of the monolith serve by themselves. */
export function planPlatform(
  values: Values,
  ports: PortPlan,
  names = memberNames(values.postgres.replicas),
): PlatformPlan {
  const free = [...ports.others];
  const next = (): number => {
    const port = free.shift();
    if (port === undefined) throw new Error('too few ports were reserved');
    return port;
  };
  const hasWires = values.postgres.wires && names.length > 0;
  const members = names.map((name) => ({
    name,
    port: next(),
    wirePorts: hasWires ? { clients: next(), replication: next() } : undefined,
  }));
  const wiresControlPort = hasWires ? next() : undefined;
  const postgresPort = members[0]?.port ?? next();
  const redisPort = values.redis.enabled ? next() : undefined;
  const services = serviceNames.flatMap((service) => {
    const { replicas } = values.services[service];
    return Array.from({ length: replicas }, (_, index) => ({
      name: replicas === 1 ? service : `${service}-${index + 1}`,
      service,
      httpPort: values.frontDoor.enabled ? next() : ports.frontDoor + index,
      grpcPort: speaksGrpc(service, values) ? next() : undefined,
      ...databaseOf(service, values),
    }));
  });
  const closed = services.find(({ service }) => !values.frontDoor.enabled && service !== 'monolith');
  if (closed !== undefined)
    throw new Error(`without a front door only copies of the monolith can serve, not ${closed.name}`);
  const databases = [...new Set(services.flatMap(databasesOf))].filter((name) => name !== clusterDatabase);
  return { services, databases, members, postgresPort, redisPort, wiresControlPort };
}

/** Inside of the monolith services call each other without a network, and search is called by the registry alone. */
function speaksGrpc(service: ServiceName, { services, transport }: Values): boolean {
  if (service === 'monolith' || transport === 'rest') return false;
  return service !== 'search' || services.registry.replicas > 0;
}

type ServiceDatabase = Pick<PlannedService, 'database' | 'databaseRole' | 'contexts' | 'databasePoolSize'>;

function databaseOf(service: ServiceName, values: Values): ServiceDatabase {
  if (service === 'supervisor' && values.postgres.replicas > 0) {
    return {
      database: clusterDatabase,
      databaseRole: supervisorRole,
      contexts: undefined,
      databasePoolSize: supervisorPoolSize,
    };
  }
  const { database, databasePoolSize = 0 } = values.services[service];
  const contexts = contextsOf(service, values);
  const only = contexts === undefined ? database : undefined;
  return { database: only, databaseRole: only, contexts, databasePoolSize };
}

function contextsOf(service: ServiceName, values: Values): ContextDatabaseNames | undefined {
  const { services, postgres } = values;
  if (service === 'order' && postgres.orderShards > 1) return { orders: orderDatabases(values) };
  if (service !== 'monolith' || !postgres.split) return undefined;
  return {
    account: [databaseName(services.account)],
    inventory: [databaseName(services.inventory)],
    orders: orderDatabases(values),
  };
}

function orderDatabases({ services, postgres: { orderShards } }: Values): string[] {
  const database = databaseName(services.order);
  if (orderShards === 1) return [database];
  return Array.from({ length: orderShards }, (_, index) => `${database}_${index + 1}`);
}

function databaseName({ database }: Values['services'][ServiceName]): string {
  if (database === undefined) throw new Error('a service that stores something has no database');
  return database;
}

function databasesOf({ database, contexts }: PlannedService): readonly string[] {
  if (contexts !== undefined) return Object.values(contexts).flat();
  return database === undefined ? [] : [database];
}

/** What the pools of all processes may open on one server. */
export function poolConnections({ services }: Pick<PlatformPlan, 'services'>): number {
  return services.reduce((sum, service) => sum + service.databasePoolSize * databasesOf(service).length, 0);
}
