import { setFlagsFromString } from 'node:v8';
import 'reflect-metadata';
import type { DynamicModule } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { readProcessConfig, type ProcessConfig, type ServiceName } from '../config/process-config.js';
import { createHttpApp } from '../http/http-app.js';
import type { Logger } from '../logging/logger.js';
import { serveParticipant } from '../participant/participant-endpoint.js';
import { migrate } from '../postgres/migrations.js';
import { createPlatform, platformModule, type Platform } from './platform.js';

/** What a service adds to the platform to become a process. */
export interface ServiceDefinition {
  readonly name: ServiceName;
  /** Schemas of its database with the folders (from the project's root) of their migrations. */
  readonly migrations: readonly { readonly schema: string; readonly directory: string }[];
  /** Whether other services' transactions have branches here. */
  readonly participates: boolean;
  modules(config: ProcessConfig): DynamicModule[];
}

/** How long a process that was told to stop may take for what it has under way. */
const shutdownMs = 8_000;

/** Starts a service as this process, and stops it on SIGTERM or SIGINT. A start that fails ends the process. */
export async function runProcess(service: ServiceDefinition): Promise<void> {
  let config: ProcessConfig;
  try {
    config = readProcessConfig(service.name);
  } catch (error) {
    // There is no logger before there is a configuration.
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
    return;
  }
  const platform = createPlatform(config);
  try {
    const app = await start(service, platform);
    // The launcher starts services with the optimizing compiler off (--no-opt), which saves a fifth of the start.
    setFlagsFromString('--opt');
    stopOnSignal(app, platform);
    platform.logger.info({ http: config.http, grpc: config.grpc }, 'ready');
  } catch (error) {
    platform.logger.fatal({ err: error }, 'the process could not start');
    process.exit(1);
  }
}

async function start(service: ServiceDefinition, platform: Platform): Promise<NestFastifyApplication> {
  const { config, logger, metrics, grpcServer, participant } = platform;
  if (config.database !== undefined) {
    for (const { schema, directory } of service.migrations)
      await migrate(config.database, schema, directory, logger);
  }
  const root: DynamicModule = {
    module: class ProcessModule {},
    imports: [platformModule(platform), ...service.modules(config)],
  };
  const app = await createHttpApp(root, config, logger, metrics);
  await app.init();
  if (grpcServer !== undefined && config.grpc !== undefined) {
    if (service.participates && participant !== undefined) serveParticipant(grpcServer, participant);
    await grpcServer.listen(config.grpc);
  }
  await app.listen(config.http.port, config.http.host);
  return app;
}

function stopOnSignal(app: NestFastifyApplication, platform: Platform): void {
  let stopping = false;
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      if (stopping) return;
      stopping = true;
      void stop(app, platform, signal);
    });
  }
}

/** Readiness fails first, then calls and requests under way finish, and the connections go last. */
async function stop(app: NestFastifyApplication, platform: Platform, signal: string): Promise<void> {
  const { logger } = platform;
  logger.info({ signal }, 'stopping');
  platform.health.drain();
  const late = setTimeout(() => {
    logger.warn('not everything ended in time');
    process.exit(0);
  }, shutdownMs);
  await settle(logger, platform.grpcServer?.close());
  await settle(logger, app.close());
  await settle(logger, platform.database?.close());
  platform.cacheStore?.close();
  clearTimeout(late);
  logger.info('stopped');
  process.exit(0);
}

async function settle(logger: Logger, work: Promise<void> | undefined): Promise<void> {
  try {
    await work;
  } catch (error) {
    logger.warn({ err: error }, 'a part did not stop cleanly');
  }
}
