import { setTimeout as delay } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import 'reflect-metadata';
import type { DynamicModule } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { readProcessConfig, type ProcessConfig, type ServiceName } from '../config/process-config.js';
import { serveControl } from '../faults/control-endpoint.js';
import { isControlled } from '../faults/fault.js';
import { createHttpApp } from '../http/http-app.js';
import type { Logger } from '../logging/logger.js';
import { serveParticipant } from '../participant/participant-endpoint.js';
import { requirePreparedTransactions } from '../participant/prepared-transactions.js';
import { untilReachable } from '../postgres/wait-for-start.js';
import { createPlatform, platformModule, type Platform } from './platform.js';
import { Schemas, schemasByDatabase, type SchemaMigrations } from './schemas.js';

/** What a service adds to the platform to become a process. */
export interface ServiceDefinition {
  readonly name: ServiceName;
  readonly migrations: readonly SchemaMigrations[];
  /** Whether other services' transactions have branches here. */
  readonly participates: boolean;
  modules(config: ProcessConfig): DynamicModule[];
}

const stopSignals = ['SIGTERM', 'SIGINT'] as const;

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
  const goesOn = endOnSignal(platform.logger);
  try {
    const app = await start(service, platform);
    goesOn();
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
  const { config, logger, databases, database, grpcServer, participant } = platform;
  if (databases !== undefined) {
    for (const [one, migrations] of schemasByDatabase(service.migrations, databases)) {
      const schemas = new Schemas(one, migrations, logger);
      await untilReachable(() => schemas.bringUpToDate(), logger);
    }
  }
  if (database !== undefined && service.participates)
    await untilReachable(() => requirePreparedTransactions(database, config.order.protocol), logger);
  const root: DynamicModule = {
    module: class ProcessModule {},
    imports: [platformModule(platform), ...service.modules(config)],
  };
  const app = await createHttpApp(root, platform);
  platform.admission.start();
  await app.init();
  if (grpcServer !== undefined && config.grpc !== undefined) {
    if (isControlled(service.name)) serveControl(grpcServer, platform.control);
    if (service.participates && participant !== undefined) await serveParticipant(grpcServer, participant);
    await grpcServer.listen(config.grpc);
  }
  await app.listen(config.http.port, config.http.host);
  platform.heartbeats?.start();
  return app;
}

/**
 * A process that is not ready has nothing to finish. As the first process of a container it would not even hear the signal without this.
 *
 * @returns what ends this, when there is something to finish
 */
function endOnSignal(logger: Logger): () => void {
  const end = (signal: string): void => {
    logger.info({ signal }, 'ended before it was ready');
    process.exit(0);
  };
  for (const signal of stopSignals) process.on(signal, end);
  return () => {
    for (const signal of stopSignals) process.off(signal, end);
  };
}

function stopOnSignal(app: NestFastifyApplication, platform: Platform): void {
  let stopping = false;
  for (const signal of stopSignals) {
    process.on(signal, () => {
      if (stopping) return;
      stopping = true;
      void stop(app, platform, signal);
    });
  }
}

/**
 * How long a process that ends goes on serving after it has told so: the registry passes it on at once, nginx takes it over within half
 * a second, and a request that was already on its way arrives.
 */
const lameDuckMs = 1_500;

/**
 * Readiness fails first, then everybody is told to send nothing more, calls and requests under way finish, and the connections go
 * last. With SIGINT nobody is waited for: the whole shop is stopped.
 */
async function stop(app: NestFastifyApplication, platform: Platform, signal: string): Promise<void> {
  const { logger } = platform;
  logger.info({ signal }, 'stopping');
  platform.health.drain();
  await leaveTraffic(platform, signal === 'SIGTERM' ? lameDuckMs : 0);
  let part = '';
  const late = setTimeout(() => {
    logger.warn({ part, open: process.getActiveResourcesInfo() }, 'not everything ended in time');
    process.exit(0);
  }, shutdownMs);
  const end = (name: string, work: Promise<void> | undefined): Promise<void> => {
    part = name;
    return settle(logger, work);
  };
  await end('participant', platform.participant?.stop());
  await end('gRPC', platform.grpcServer?.close());
  await end('HTTP', app.close());
  await end('database', platform.databases?.close());
  platform.cacheStore?.close();
  platform.heartbeats?.close();
  clearTimeout(late);
  logger.info('stopped');
  process.exit(0);
}

/** Keeps on serving until nobody sends anything any more, where there is somebody who can tell the others. */
async function leaveTraffic({ heartbeats, membershipView, config }: Platform, waitMs: number): Promise<void> {
  if (heartbeats?.isHeard !== true) return;
  const own = membershipView.current()?.members.find(({ name }) => name === config.name);
  heartbeats.leave();
  // One that was drained gets no requests, and has no need to wait.
  if (own?.draining !== true) await delay(waitMs);
}

async function settle(logger: Logger, work: Promise<void> | undefined): Promise<void> {
  try {
    await work;
  } catch (error) {
    logger.warn({ err: error }, 'a part did not stop cleanly');
  }
}
