import { serviceNames, type ServiceName, type Values } from './topology.js';

/** One copy of a service, with the ports that it was given. */
export interface PlannedService {
  readonly name: string;
  readonly service: ServiceName;
  readonly httpPort: number;
  /** Absent where all services share one process. */
  readonly grpcPort: number | undefined;
  readonly database: string | undefined;
  readonly databasePoolSize: number;
}

export interface PortPlan {
  /** What users call. */
  readonly frontDoor: number;
  /** Free ports, used in turn. */
  readonly others: readonly number[];
}

export interface PlatformPlan {
  readonly services: readonly PlannedService[];
  readonly databases: readonly string[];
  readonly postgresPort: number;
  readonly redisPort: number | undefined;
}

/** Two for each copy of a service, one for PostgreSQL, one for Redis. */
export function portsNeeded({ services }: Values): number {
  return 2 + 2 * serviceNames.reduce((sum, name) => sum + services[name].replicas, 0);
}

/** Which processes run, under which names and ports. Without a front door the only copy serves at its port. */
export function planPlatform(values: Values, ports: PortPlan): PlatformPlan {
  const free = [...ports.others];
  const next = (): number => {
    const port = free.shift();
    if (port === undefined) throw new Error('too few ports were reserved');
    return port;
  };
  const postgresPort = next();
  const redisPort = values.redis.enabled ? next() : undefined;
  const services = serviceNames.flatMap((service) => {
    const { replicas, database, databasePoolSize = 0 } = values.services[service];
    return Array.from({ length: replicas }, (_, index) => ({
      name: replicas === 1 ? service : `${service}-${index + 1}`,
      service,
      httpPort: values.frontDoor.enabled ? next() : ports.frontDoor,
      grpcPort: service === 'monolith' ? undefined : next(),
      database,
      databasePoolSize,
    }));
  });
  if (!values.frontDoor.enabled && services.length !== 1) {
    throw new Error(`without a front door exactly one process can serve, not ${services.length}`);
  }
  const databases = [...new Set(services.flatMap(({ database }) => database ?? []))];
  return { services, databases, postgresPort, redisPort };
}

export function poolConnections({ services }: PlatformPlan): number {
  return services.reduce((sum, { databasePoolSize }) => sum + databasePoolSize, 0);
}
