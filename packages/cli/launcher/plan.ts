import { clusterDatabase, supervisorRole } from '#platform/postgres/replication-names.js';

import { serviceNames, type ServiceName, type Values } from './topology.js';

/** The supervisor keeps a connection of its own to each member; what else it asks is little. */
const supervisorPoolSize = 2;

/** One copy of a service, with the ports that it was given. */
export interface PlannedService {
  readonly name: string;
  readonly service: ServiceName;
  readonly httpPort: number;
  /** Absent where nobody would call it. */
  readonly grpcPort: number | undefined;
  readonly database: string | undefined;
  /** As whom it uses the database. */
  readonly databaseRole: string | undefined;
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
      grpcPort: isCalled(service, values) ? next() : undefined,
      ...databaseOf(service, values),
    }));
  });
  const closed = services.find(({ service }) => !values.frontDoor.enabled && service !== 'monolith');
  if (closed !== undefined)
    throw new Error(`without a front door only copies of the monolith can serve, not ${closed.name}`);
  const databases = [...new Set(services.flatMap(({ database }) => database ?? []))].filter(
    (name) => name !== clusterDatabase,
  );
  return { services, databases, members, postgresPort, redisPort, wiresControlPort };
}

/** Inside of the monolith services call each other without a network, and search is called by the registry alone. */
function isCalled(service: ServiceName, { services }: Values): boolean {
  return service === 'search' ? services.registry.replicas > 0 : service !== 'monolith';
}

type ServiceDatabase = Pick<PlannedService, 'database' | 'databaseRole' | 'databasePoolSize'>;

function databaseOf(service: ServiceName, { services, postgres }: Values): ServiceDatabase {
  if (service === 'supervisor' && postgres.replicas > 0) {
    return { database: clusterDatabase, databaseRole: supervisorRole, databasePoolSize: supervisorPoolSize };
  }
  const { database, databasePoolSize = 0 } = services[service];
  return { database, databaseRole: database, databasePoolSize };
}

export function poolConnections({ services }: PlatformPlan): number {
  return services.reduce((sum, { databasePoolSize }) => sum + databasePoolSize, 0);
}
