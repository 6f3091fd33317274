import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { prepareDataFolders } from '#cli/launcher/data-folder.js';
import { findFreePorts } from '#cli/launcher/ports.js';
import { createCluster } from '#cli/launcher/postgres/create-cluster.js';
import { createDatabases, databaseEnvironment } from '#cli/launcher/postgres/roles.js';
import { planServer } from '#cli/launcher/postgres/server.js';
import { openStateFolder, type StateFolder } from '#cli/launcher/state-folder.js';
import { findSystemUser } from '#cli/launcher/system-user.js';
import type { DatabaseConfig } from '#platform/config/process-config.js';
import { createLogger } from '#platform/logging/logger.js';
import { Metrics } from '#platform/metrics/metrics.js';
import { Database } from '#platform/postgres/database.js';
import { migrate } from '#platform/postgres/migrations.js';
import { ServerForTest } from './server-for-test.js';

export const silent = createLogger({ name: 'test', service: 'order', logLevel: 'silent' });

/** The schemas with their migrations, as the services declare them. */
const migrationsOf = {
  account: 'services/account/storage/migrations',
  inventory: 'services/inventory/storage/migrations',
  orders: 'services/order/storage/migrations',
  coordinator: 'services/coordinator/storage/migrations',
} as const;

export type Schema = keyof typeof migrationsOf;

/** A PostgreSQL of its own in a temporary folder, on a free port. */
export class PostgresForTest {
  private readonly databases: Database[] = [];

  constructor(
    private readonly state: StateFolder,
    private readonly server: ServerForTest,
    private readonly port: number,
  ) {}

  start(): Promise<void> {
    return this.server.start();
  }

  kill(): Promise<void> {
    return this.server.kill();
  }

  /** Makes a database; its role has the same name and owns it. */
  async create(name: string, poolSize = 8): Promise<DatabaseConfig> {
    await createDatabases(this.state, this.port, [name]);
    const access = { database: name, role: name, poolSize, port: this.port };
    const environment = databaseEnvironment(this.state, access);
    const url = new URL(environment['TRISTATE_DATABASE_URL'] ?? '');
    url.password = readFileSync(environment['TRISTATE_DATABASE_PASSWORD_FILE'] ?? '', 'utf8').trim();
    return { connectionString: url.href, poolSize, members: [], maxReplicaLagMs: 10_000 };
  }

  /** Makes a database with the tables of these services, and opens it. */
  async open(name: string, schemas: readonly Schema[], metrics = newMetricsForTest()): Promise<Database> {
    const config = await this.create(name);
    for (const schema of schemas) await migrate(config, schema, migrationsOf[schema], silent);
    const database = new Database(config, 'test', metrics, silent);
    this.databases.push(database);
    return database;
  }

  async remove(): Promise<void> {
    await Promise.all(this.databases.map((database) => database.close()));
    await this.server.kill();
    rmSync(this.state.path, { recursive: true, force: true });
  }
}

export async function newPostgresForTest(maxPreparedTransactions = 64): Promise<PostgresForTest> {
  const folder = mkdtempSync(path.join(tmpdir(), 'tristate-integration-'));
  // PostgreSQL may run as another user than the tests.
  chmodSync(folder, 0o755);
  const state = openStateFolder(folder);
  const folders = prepareDataFolders(state, findSystemUser());
  const member = 'postgres-1';
  await createCluster(state, folders, member);
  const [port = 0] = await findFreePorts(1);
  const settings = { maxConnections: 120, maxPreparedTransactions, sharedBuffersMb: 32, alone: true };
  const plan = planServer(folders, { ...settings, name: 'postgres', member, port });
  // Tests kill the server and not the machine, so what it has handed to the system is safe.
  const server = new ServerForTest({ ...plan, args: [...plan.args, '-c', 'fsync=off'] });
  const postgres = new PostgresForTest(state, server, port);
  await postgres.start();
  return postgres;
}

export function newMetricsForTest(): Metrics {
  return new Metrics({ service: 'test', process: 'test' });
}
