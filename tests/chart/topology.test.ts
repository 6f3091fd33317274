import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { planPlatform, portsNeeded, type PlatformPlan } from '#cli/launcher/plan.js';
import { planServer } from '#cli/launcher/postgres/server.js';
import { planService } from '#cli/launcher/services.js';
import { defaultStage, readValues, type Values } from '#cli/launcher/topology.js';
import { parse } from 'yaml';
import { workloadsOf } from './pods.js';
import { objectsOf, render, type KubernetesObject } from './render.js';
import { chartFolder, root } from './tools.js';

/** One process, with what differs between machines, pods and containers put into the words of one of them. */
interface Process {
  readonly service: string;
  readonly environment: Readonly<Record<string, string>>;
}

interface ComposeService {
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly profiles?: readonly string[];
  readonly ports?: readonly string[];
  readonly image: string;
}

const compose = (
  parse(readFileSync(path.join(root, 'docker-compose.yml'), 'utf8'), { merge: true }) as {
    services: Record<string, ComposeService>;
  }
).services;

/** A stage as the launcher plans it, and as the chart renders it. */
interface Stage {
  readonly values: Values;
  readonly plan: PlatformPlan;
  readonly objects: readonly KubernetesObject[];
}

function readStage(stage: number, overlay: string | undefined): Stage {
  const values = readValues(chartFolder, stage);
  const others = Array.from({ length: portsNeeded(values) }, (_, index) => 20_000 + index);
  return {
    values,
    plan: planPlatform(values, { frontDoor: 8080, others }),
    objects: objectsOf(render(overlay)),
  };
}

const theDefault = readStage(defaultStage, undefined);
const { objects, values, plan } = theDefault;

/** Of no pod or container, or of no local process. */
const localOnly = ['PATH', 'HOME', 'TRISTATE_STATE_ID'];
const podOnly = ['POD_INDEX', 'POD_NAME', 'POD_IP', 'TRISTATE_ADVERTISED_HOST'];
/** Where each of the three has its files and its servers: compared by what they list, not by where that is. */
const places = ['TRISTATE_SECRETS_DIR', 'TRISTATE_DATABASE_PASSWORD_FILE', 'TRISTATE_CLUSTER_RECORD'];

function comparable(service: string, environment: Readonly<Record<string, string>>): Process {
  const entries = Object.entries(environment)
    .filter(([name]) => ![...localOnly, ...podOnly].includes(name))
    .map(([name, value]): [string, string] => [
      name,
      places.includes(name) ? 'PLACE' : withoutAddresses(value),
    ])
    .sort(([left], [right]) => left.localeCompare(right));
  return { service, environment: { ...Object.fromEntries(entries), TRISTATE_NAME: service } };
}

/** Addresses become ADDRESS, so that how many there are and of whom is what is compared. */
function withoutAddresses(value: string): string {
  if (value.startsWith('{')) {
    const topology = JSON.parse(value) as {
      stage: number;
      processes: { name: string; service: string; grpcAddress?: string }[];
    };
    const processes = topology.processes.map(
      ({ name, service, grpcAddress }) => `${name} ${service} ${grpcAddress === undefined ? '' : 'grpc'}`,
    );
    return JSON.stringify({ stage: topology.stage, processes: processes.sort() });
  }
  return value
    .split(';')
    .sort()
    .join(';')
    .replace(/(\$\(POD_IP\)|[\w.-]+):\d{4,5}/g, 'ADDRESS');
}

function localProcesses({ values, plan }: Stage): Process[] {
  const context = {
    state: {
      path: '/s',
      id: 'id',
      secretsFolder: '/s',
      logsFolder: '/s',
      adminTokenPath: '/s',
      clusterRecordPath: '/s',
    },
    values,
    services: plan.services,
    url: 'http://localhost:8080',
    members: plan.members,
    postgresPort: plan.postgresPort,
    redisPort: plan.redisPort,
    nodeOptions: undefined,
  };
  return plan.services.map((service) => {
    const withoutDatabase = { ...service, database: undefined, databaseRole: undefined, contexts: undefined };
    const { environment } = planService(withoutDatabase, context);
    return comparable(service.service, { ...environment, ...databaseOf(service, { values, plan }) });
  });
}

/** What the launcher adds for a database, without the files of passwords that it would make. */
function databaseOf(
  { database, databaseRole, contexts, databasePoolSize }: PlatformPlan['services'][number],
  { values, plan }: Pick<Stage, 'values' | 'plan'>,
): Record<string, string> {
  if (database === undefined && contexts === undefined) return {};
  const [role, name] = contexts === undefined ? [databaseRole, database] : ['{database}', '{database}'];
  return {
    TRISTATE_DATABASE_URL: `postgres://${role}@127.0.0.1:5432/${name}`,
    TRISTATE_DATABASE_PASSWORD_FILE: 'PLACE',
    ...(contexts !== undefined && {
      TRISTATE_DATABASE_CONTEXTS: Object.entries(contexts)
        .map(([context, names]) => `${context}=${names.join(',')}`)
        .sort()
        .join(';'),
    }),
    TRISTATE_DATABASE_POOL_SIZE: String(databasePoolSize),
    TRISTATE_DATABASE_MEMBERS: plan.members.map(({ name, port }) => `${name}=127.0.0.1:${port}`).join(','),
    TRISTATE_DATABASE_MAX_REPLICA_LAG_MS: String(values.postgres.maxReplicaLagMs),
  };
}

function chartProcesses({ values, objects }: Stage): Process[] {
  return workloadsOf(objects)
    .filter(({ component }) => component in values.services)
    .flatMap(({ component, replicas, pod }) => {
      const environment = Object.fromEntries(
        (pod.containers[0]?.env ?? []).map(({ name, value = '' }) => [name, value]),
      );
      return Array.from({ length: replicas }, () => comparable(component, environment));
    });
}

function composeProcesses(): Process[] {
  return Object.values(compose)
    .filter(({ environment }) => environment?.['TRISTATE_SERVICE'] !== undefined)
    .map(({ environment = {} }) => comparable(environment['TRISTATE_SERVICE'] ?? '', environment));
}

function sorted(processes: readonly Process[]): Process[] {
  return [...processes].sort((left, right) => left.service.localeCompare(right.service));
}

/** What the script of the database servers finds beside it. */
function listedDatabases({ objects }: Stage): string[] | undefined {
  const files = objects.find(
    ({ kind, metadata }) => kind === 'ConfigMap' && metadata.name === 'tristate-postgres',
  );
  return files?.data?.['databases']?.split(' ');
}

/** The three descriptions of the default topology: charts/tristate, docker-compose.yml and the launcher's plan. */
describe('the default topology', () => {
  const local = sorted(localProcesses(theDefault));

  it('is in the chart what it is on one machine', () => {
    expect(sorted(chartProcesses(theDefault))).toEqual(local);
  });

  it('is in the compose file what it is on one machine', () => {
    expect(sorted(composeProcesses())).toEqual(local);
  });

  it('has as many database servers, caches and front doors in all three', () => {
    const inCompose = (image: RegExp): number =>
      Object.values(compose).filter((service) => image.test(service.image)).length;
    const inChart = (component: string): number =>
      workloadsOf(objects).find((workload) => workload.component === component)?.replicas ?? 0;
    expect([inCompose(/^postgres:/), inCompose(/^redis:/), inCompose(/^nginx:/)]).toEqual([
      plan.members.length,
      1,
      1,
    ]);
    expect([inChart('postgres'), inChart('redis'), inChart('front-door')]).toEqual([
      plan.members.length,
      1,
      1,
    ]);
  });

  it('runs PostgreSQL with the same settings in all three', () => {
    const folders = { user: undefined, dataFolder: '/d', postgresFolder: '/p' };
    const { maxPreparedTransactions, sharedBuffersMb } = values.postgres;
    const server = { maxConnections: 300, maxPreparedTransactions, sharedBuffersMb, alone: false };
    const { args } = planServer(folders, { ...server, name: 'postgres-1', member: 'postgres-1', port: 5432 });
    const placed = /^(port|listen_addresses|unix_socket_directories|recovery_init_sync_method)=/;
    const settings = (list: readonly string[]): string[] =>
      list.filter((argument) => /^\w+=/.test(argument) && !placed.test(argument));
    const chart = workloadsOf(objects).find(({ component }) => component === 'postgres')?.pod.containers[0]
      ?.args;
    expect(settings(chart ?? [])).toEqual(settings(args));
    expect(settings(compose['postgres-1']?.command ?? [])).toEqual(settings(args));
  });

  it('has the same databases in all three', () => {
    const inCompose = readFileSync(path.join(root, 'deploy/postgres/databases'), 'utf8');
    expect(listedDatabases(theDefault)?.sort()).toEqual([...plan.databases].sort());
    expect(inCompose.trim().split(' ').sort()).toEqual([...plan.databases].sort());
  });

  it('listens in containers where the chart listens', () => {
    const chart = workloadsOf(objects).flatMap(({ component, pod }) =>
      component in values.services
        ? pod.containers.flatMap(({ ports = [] }) => ports.map((port) => port.containerPort))
        : [],
    );
    expect([...new Set(chart)].sort()).toEqual([8080, 9090]);
    const addresses = Object.values(compose).flatMap(({ environment = {} }) =>
      environment['TRISTATE_SERVICE'] === undefined
        ? []
        : [
            environment['TRISTATE_HTTP_ADDRESS']?.split(':')[1],
            environment['TRISTATE_GRPC_ADDRESS']?.split(':')[1],
          ],
    );
    expect([...new Set(addresses)].sort()).toEqual(['8080', '9090']);
  });

  it('is reached from outside through the front door alone, and only from this machine', () => {
    const published = Object.entries(compose).filter(
      ([, { ports, profiles }]) => ports !== undefined && profiles === undefined,
    );
    expect(published.map(([name]) => name)).toEqual(['nginx']);
    for (const { ports = [] } of Object.values(compose))
      for (const port of ports) expect(port).toMatch(/^127\.0\.0\.1:/);
  });
});

describe('the topology with a database for each context', () => {
  const stage = readStage(8, 'stages/08-database-split.yaml');

  it('is in the chart what it is on one machine', () => {
    expect(sorted(chartProcesses(stage))).toEqual(sorted(localProcesses(stage)));
  });

  it('has its databases made, and gives each copy the password of each, and no other', () => {
    const workloads = workloadsOf(stage.objects);
    expect(listedDatabases(stage)).toEqual(stage.plan.databases);
    const volumes = workloads.find(({ component }) => component === 'monolith')?.pod.volumes;
    const passwords = stage.plan.databases.map((name) => `${name}.password`);
    expect(volumes).toContainEqual({
      name: 'database',
      secret: expect.objectContaining({ items: passwords.map((file) => ({ key: file, path: file })) }),
    });
    const secret = stage.objects.find(({ metadata }) => metadata.name === 'tristate-database');
    expect(Object.keys(secret?.data ?? {})).toEqual(expect.arrayContaining(passwords));
  });
});
