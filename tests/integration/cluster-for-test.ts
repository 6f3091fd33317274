import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Client } from 'pg';
import { prepareDataFolders } from '#cli/launcher/data-folder.js';
import { findFreePorts } from '#cli/launcher/ports.js';
import { createCluster } from '#cli/launcher/postgres/create-cluster.js';
import { readOrMakeRecord } from '#cli/launcher/postgres/first-record.js';
import {
  asSuperuser,
  createClusterRoles,
  createDatabases,
  databaseEnvironment,
  writeReplicatorPassword,
  type DatabaseAccess,
} from '#cli/launcher/postgres/roles.js';
import { Servers, type PrimaryWork } from '#cli/launcher/postgres/servers.js';
import { openStateFolder, type StateFolder } from '#cli/launcher/state-folder.js';
import { findSystemUser } from '#cli/launcher/system-user.js';
import type { DatabaseConfig, DatabaseMember } from '#platform/config/process-config.js';
import {
  readClusterRecord,
  writeClusterRecord,
  type ClusterRecord,
} from '#platform/postgres/cluster-record.js';
import { clusterDatabase, supervisorRole } from '#platform/postgres/replication-names.js';
import { waitUntil } from '../e2e/wait-until.js';
import { ServerForTest } from './server-for-test.js';

const streamDeadlineMs = 30_000;

/**
 * A primary and its replicas, real servers on free ports in a temporary folder, made as the launcher makes them. Nobody
 * brings back what dies and nobody promotes: the test does, or the supervisor that it starts. A server that is started is
 * what the record says: a replica that must be cloned is cloned first.
 */
export class ClusterForTest {
  private readonly servers: ReadonlyMap<string, ServerForTest>;

  private constructor(
    private readonly state: StateFolder,
    readonly members: readonly DatabaseMember[],
    private readonly runner: Servers,
  ) {
    // Tests kill the servers and not the machine, so what they have handed to the system is safe.
    const plans = members.map((member) => runner.plan(member));
    this.servers = new Map(
      plans.map((plan) => [
        plan.name,
        new ServerForTest({ ...plan, args: [...plan.args, '-c', 'fsync=off'] }),
      ]),
    );
  }

  /** `postgres-1` is the primary; all replicas stream when this resolves. */
  static async start(replicas: number): Promise<ClusterForTest> {
    const folder = mkdtempSync(path.join(tmpdir(), 'tristate-cluster-'));
    // PostgreSQL may run as another user than the tests.
    chmodSync(folder, 0o755);
    const state = openStateFolder(folder);
    const folders = prepareDataFolders(state, findSystemUser());
    const ports = await findFreePorts(replicas + 1);
    const members = ports.map((port, index) => ({ name: `postgres-${index + 1}`, host: '127.0.0.1', port }));
    const names = members.map(({ name }) => name);
    const recordPath = state.clusterRecordPath;
    writeReplicatorPassword(state, folders);
    const { primary } = readOrMakeRecord(recordPath, folders, names, { mode: 'hot', synchronous: 'none' });
    await createCluster(state, folders, primary);
    const runner = new Servers({
      state,
      folders,
      recordPath,
      members,
      settings: { maxConnections: 120, maxPreparedTransactions: 64, sharedBuffersMb: 32 },
      isSupervised: () => false,
      liveOthers: () => 0,
      quickDeaths: () => 0,
      onLine: () => undefined,
    });
    const cluster = new ClusterForTest(state, members, runner);
    await cluster.startServer(primary);
    await createClusterRoles(state, cluster.portOf(primary), { services: [], members: names });
    await Promise.all(names.slice(1).map((name) => cluster.startServer(name)));
    await Promise.all(names.slice(1).map((name) => cluster.streams(name)));
    return cluster;
  }

  get recordPath(): string {
    return this.state.clusterRecordPath;
  }

  get record(): ClusterRecord {
    const record = readClusterRecord(this.recordPath);
    if (record === undefined) throw new Error('the cluster has no record');
    return record;
  }

  /** What the supervisor would write. */
  changeRecord(change: Partial<ClusterRecord>): void {
    writeClusterRecord(this.recordPath, { ...this.record, ...change });
  }

  /** Starts a server as what the record says; resolves when it takes sessions. */
  startServer(name: string): Promise<void> {
    return this.server(name).start();
  }

  /** With SIGKILL. */
  kill(name: string): Promise<void> {
    return this.server(name).kill();
  }

  /** With SIGSTOP: its connections stay open and nothing is answered. */
  pause(name: string): void {
    this.server(name).pause();
  }

  resume(name: string): void {
    this.server(name).resume();
  }

  portOf(name: string): number {
    const member = this.members.find((one) => one.name === name);
    if (member === undefined) throw new Error(`there is no server ${name}`);
    return member.port;
  }

  /** Runs `work` in a superuser's session at a server. */
  at<T>(name: string, work: (client: Client) => Promise<T>): Promise<T> {
    return asSuperuser(this.state, this.portOf(name), work);
  }

  /** Promotes a replica as the supervisor would, without a lease: the record first. */
  async promote(name: string): Promise<void> {
    this.changeRecord({ epoch: this.record.epoch + 1, primary: name });
    await this.at(name, (client) => client.query('SELECT pg_promote(true, 30)'));
  }

  /** Resolves when the replica streams from the record's primary and has replayed all that was written there before. */
  async streams(name: string): Promise<void> {
    const { primary } = this.record;
    await waitUntil(`${name} streams from ${primary}`, streamDeadlineMs, () =>
      this.at(primary, async (client) => {
        const { rows } = await client.query(
          `SELECT 1 FROM pg_stat_replication
           WHERE application_name = $1 AND state = 'streaming' AND replay_lsn >= pg_current_wal_flush_lsn()`,
          [name],
        );
        return rows.length > 0 ? true : undefined;
      }),
    );
  }

  /** Makes a database, owned by a role of the same name, on the record's primary. */
  async create(name: string, poolSize = 8): Promise<DatabaseConfig> {
    const port = this.portOf(this.record.primary);
    await createDatabases(this.state, port, [name]);
    await createClusterRoles(this.state, port, {
      services: [name],
      members: this.members.map((member) => member.name),
    });
    return this.config({ database: name, role: name, poolSize, port });
  }

  /** As the supervisor logs in. */
  supervisorConfig(): DatabaseConfig {
    const port = this.portOf(this.record.primary);
    return this.config({ database: clusterDatabase, role: supervisorRole, poolSize: 2, port });
  }

  /** As the launcher does where it makes the roles. */
  serveEachPrimary(work: PrimaryWork): void {
    void this.runner.serveEachPrimary(work);
  }

  async remove(): Promise<void> {
    this.runner.close();
    for (const server of this.servers.values()) await server.kill();
    rmSync(this.state.path, { recursive: true, force: true });
  }

  private server(name: string): ServerForTest {
    const server = this.servers.get(name);
    if (server === undefined) throw new Error(`there is no server ${name}`);
    return server;
  }

  private config(access: DatabaseAccess): DatabaseConfig {
    const environment = databaseEnvironment(this.state, access);
    const url = new URL(environment['TRISTATE_DATABASE_URL'] ?? '');
    url.password = readFileSync(environment['TRISTATE_DATABASE_PASSWORD_FILE'] ?? '', 'utf8').trim();
    return {
      connectionString: url.href,
      poolSize: access.poolSize,
      members: this.members,
      maxReplicaLagMs: 10_000,
    };
  }
}
