import { join } from 'node:path';

import { repositoryRoot } from '../repository.js';
import type { PlannedService } from './plan.js';
import { databaseEnvironment } from './postgres.js';
import { answersOk } from './readiness.js';
import type { StateFolder } from './state-folder.js';
import type { ProcessPlan } from './supervisor.js';
import type { Values } from './topology.js';

/** What all services of a platform are told. */
export interface ServicesContext {
  readonly state: StateFolder;
  readonly values: Values;
  readonly services: readonly PlannedService[];
  readonly url: string;
  readonly postgresPort: number;
  readonly redisPort: number | undefined;
  readonly nodeOptions: string | undefined;
}

export const stateMarker = 'TRISTATE_STATE_ID';

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
    stopSignal: 'SIGTERM',
    startAttempts: 1,
    isReady: () => answersOk(service.httpPort, '/readyz'),
  };
}

function serviceEnvironment(service: PlannedService, context: ServicesContext): Record<string, string> {
  const { state, values, services, url } = context;
  const sharesOneProcess = service.service === 'monolith';
  const knowsTopology = sharesOneProcess || service.service === 'registry';
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
    TRISTATE_SECRETS_DIR: state.secretsFolder,
    TRISTATE_ORDER_PROTOCOL: values.orders.protocol,
    TRISTATE_ORDER_DEADLINE_MS: String(values.orders.deadlineMs),
    TRISTATE_LOG_LEVEL: values.log.level,
    ...(service.grpcPort !== undefined && { TRISTATE_GRPC_ADDRESS: `127.0.0.1:${service.grpcPort}` }),
    ...(!sharesOneProcess && { TRISTATE_PEERS: peers(services) }),
    ...(context.redisPort !== undefined && { TRISTATE_REDIS_URL: `redis://127.0.0.1:${context.redisPort}` }),
    ...(knowsTopology && { TRISTATE_TOPOLOGY: topology(context, url) }),
    ...(service.database !== undefined &&
      databaseEnvironment(state, context.postgresPort, service.database, service.databasePoolSize)),
  };
}

/** `inventory=127.0.0.1:5001,127.0.0.1:5002;account=…` */
function peers(services: readonly PlannedService[]): string {
  const addresses = new Map<string, string[]>();
  for (const { service, grpcPort } of services) {
    if (grpcPort === undefined) continue;
    addresses.set(service, [...(addresses.get(service) ?? []), `127.0.0.1:${grpcPort}`]);
  }
  return [...addresses].map(([name, copies]) => `${name}=${copies.join(',')}`).join(';');
}

function topology({ values, services }: ServicesContext, url: string): string {
  return JSON.stringify({
    stage: values.stage.number,
    url,
    processes: services.map(({ name, service, httpPort }) => ({
      name,
      service,
      httpAddress: `127.0.0.1:${httpPort}`,
    })),
  });
}
