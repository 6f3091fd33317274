import type { DynamicModule, Provider } from '@nestjs/common';
import { Audit } from '../audit/audit.js';
import { Tokens } from '../auth/tokens.js';
import { CacheStore } from '../cache/cache.js';
import { LocalPrices } from '../catalogue/price-source.js';
import type { ProcessConfig } from '../config/process-config.js';
import { GrpcClients } from '../grpc/grpc-client.js';
import { GrpcServer } from '../grpc/grpc-server.js';
import { Health } from '../health/health.js';
import { OperationsController } from '../http/operations.controller.js';
import { createLogger, type Logger } from '../logging/logger.js';
import { Metrics } from '../metrics/metrics.js';
import { Participant } from '../participant/participant.js';
import { Database } from '../postgres/database.js';
import { LOGGER, PROCESS_CONFIG } from './tokens.js';

/** What every process is built from, before any service's own code. */
export interface Platform {
  readonly config: ProcessConfig;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly health: Health;
  readonly grpcClients: GrpcClients;
  readonly grpcServer: GrpcServer | undefined;
  readonly database: Database | undefined;
  readonly cacheStore: CacheStore | undefined;
  readonly participant: Participant | undefined;
}

export function createPlatform(config: ProcessConfig): Platform {
  const logger = createLogger(config);
  const metrics = new Metrics({ service: config.service, process: config.name });
  const health = new Health();
  const { serviceKey } = config.secrets;
  const database =
    config.database === undefined ? undefined : new Database(config.database, config.name, metrics, logger);
  if (database !== undefined) health.register('postgres', () => database.ping());
  const participant = database === undefined ? undefined : new Participant(database, metrics, logger);
  return {
    config,
    logger,
    metrics,
    health,
    database,
    participant,
    grpcClients: new GrpcClients(serviceKey, metrics),
    grpcServer: config.grpc === undefined ? undefined : new GrpcServer(serviceKey, metrics, logger),
    cacheStore: config.redisUrl === undefined ? undefined : new CacheStore(config.redisUrl, metrics, logger),
  };
}

class PlatformModule {}

/** Offers the platform's parts for injection, by their classes, in every module of the process. */
export function platformModule(platform: Platform): DynamicModule {
  const parts: [unknown, unknown][] = [
    [PROCESS_CONFIG, platform.config],
    [LOGGER, platform.logger],
    [Metrics, platform.metrics],
    [Health, platform.health],
    [GrpcClients, platform.grpcClients],
    [Tokens, new Tokens(platform.config.secrets.tokenKey)],
    [GrpcServer, platform.grpcServer],
    [Database, platform.database],
    [CacheStore, platform.cacheStore],
    [Participant, platform.participant],
    [Audit, new Audit()],
    [LocalPrices, new LocalPrices()],
  ];
  const providers = parts.map(([provide, useValue]) => ({ provide, useValue }) as Provider);
  return {
    module: PlatformModule,
    global: true,
    controllers: [OperationsController],
    providers,
    exports: providers,
  };
}

/** The database of a process that cannot do without one. */
export function requireDatabase(database: Database | undefined): Database {
  if (database === undefined)
    throw new Error('TRISTATE_DATABASE_URL is missing: this service keeps its data in PostgreSQL');
  return database;
}
