import { spawn, type ChildProcess } from 'node:child_process';
import { chownSync, mkdirSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Failure } from '#cli/failure.js';
import { findFreePorts } from '#cli/launcher/ports.js';
import { listProcesses, workingFolder } from '#cli/launcher/process-table.js';
import { findSystemUser } from '#cli/launcher/system-user.js';
import { waitFor } from '#cli/wait-for.js';
import pg from 'pg';

/** In seconds, as Patroni names them. */
export interface PatroniSettings {
  readonly ttl: number;
  readonly loop_wait: number;
  readonly retry_timeout: number;
  readonly synchronous_mode: boolean;
}

export interface PatroniPrograms {
  readonly patroni: string;
  readonly etcd: string;
  readonly postgresFolder: string;
}

interface Member {
  readonly name: string;
  readonly port: number;
  readonly restPort: number;
  readonly dataFolder: string;
  readonly configPath: string;
  agent: ChildProcess | undefined;
}

const memberCount = 3;
const formTimeoutMs = 120_000;
const answerMs = 1_000;
// Only for servers on the loopback interface that live as long as the measurement.
const password = 'patroni';

/** Three PostgreSQL servers, each with its Patroni agent, and one etcd, all on the loopback interface. */
export class PatroniCluster {
  private readonly folder = mkdtempSync(join(tmpdir(), 'patroni-'));
  private readonly user = findSystemUser();
  private etcd: ChildProcess | undefined;
  private members: Member[] = [];

  constructor(
    private readonly programs: PatroniPrograms,
    private readonly settings: PatroniSettings,
  ) {}

  async start(): Promise<void> {
    const [etcdPort = 0, peerPort = 0, ...others] = await findFreePorts(2 + 2 * memberCount);
    this.own(this.folder);
    const client = `http://127.0.0.1:${etcdPort}`;
    const peer = `http://127.0.0.1:${peerPort}`;
    this.etcd = this.run(this.programs.etcd, 'etcd', [
      // With etcd's newer API Patroni 3.0.2 has a known fault (its pull request 2689, fixed in 3.0.3): a primary that
      // wakes after its lease takes the lock away from its successor, and what that has acknowledged is lost.
      '--enable-v2',
      ...['--data-dir', join(this.folder, 'etcd'), '--name', 'one'],
      ...['--listen-client-urls', client, '--advertise-client-urls', client],
      ...[
        '--listen-peer-urls',
        peer,
        '--initial-advertise-peer-urls',
        peer,
        '--initial-cluster',
        `one=${peer}`,
      ],
    ]);
    this.members = Array.from({ length: memberCount }, (_, index) => {
      const name = `member-${index + 1}`;
      const member: Member = {
        name,
        port: others[2 * index] ?? 0,
        restPort: others[2 * index + 1] ?? 0,
        dataFolder: join(this.folder, name),
        configPath: join(this.folder, `${name}.json`),
        agent: undefined,
      };
      this.writeConfig(member, etcdPort);
      return member;
    });
    // The first makes the cluster, the others copy it.
    for (const member of this.members) {
      this.startAgent(member);
      await this.waitUntilComplete(this.members.indexOf(member) + 1);
    }
  }

  /** Where a client looks for the primary. */
  get addresses(): readonly { readonly name: string; readonly port: number }[] {
    return this.members;
  }

  connect(port: number): Promise<pg.Client> {
    return connect(port);
  }

  /** The death of a machine: the agent and every process of the server, at once. */
  kill(name: string): void {
    this.signal(name, 'SIGKILL');
    this.find(name).agent = undefined;
  }

  /** A machine that hangs: the agent and every process of the server stand still. */
  pause(name: string): void {
    this.signal(name, 'SIGSTOP');
  }

  heal(name: string): void {
    const member = this.find(name);
    if (member.agent === undefined) this.startAgent(member);
    else this.signal(name, 'SIGCONT');
  }

  /** Until the primary has so many members that all stream, itself counted. */
  async waitUntilComplete(count = memberCount): Promise<void> {
    const complete = await waitFor(async () => (await this.countMembers()) === count, {
      timeoutMs: formTimeoutMs,
      intervalMs: 200,
    });
    if (!complete) throw new Failure(`Patroni's members do not all stream; see ${this.folder}`);
  }

  async stop(): Promise<void> {
    for (const { name } of this.members) this.signal(name, 'SIGKILL');
    this.etcd?.kill('SIGKILL');
    await waitFor(() => this.members.every((member) => this.processesOf(member).length === 0), {
      timeoutMs: formTimeoutMs,
    });
    rmSync(this.folder, { recursive: true, force: true });
  }

  private async countMembers(): Promise<number> {
    const counts = await Promise.all(this.members.map(({ port }) => countReplicas(port)));
    return 1 + Math.max(...counts);
  }

  private startAgent(member: Member): void {
    member.agent = this.run(this.programs.patroni, member.name, [member.configPath]);
  }

  private signal(name: string, signal: NodeJS.Signals): void {
    const member = this.find(name);
    // The agent first, so that it does not see its server end.
    member.agent?.kill(signal);
    for (const pid of this.processesOf(member)) {
      try {
        process.kill(pid, signal);
      } catch {
        // It has ended by itself, as a session does whose server was killed.
      }
    }
  }

  /** The agent starts its server as an orphan, so that its processes are known by where they work only. */
  private processesOf({ dataFolder }: Member): number[] {
    return listProcesses()
      .filter(({ command, pid }) => command === 'postgres' && workingFolder(pid) === dataFolder)
      .map(({ pid }) => pid);
  }

  private find(name: string): Member {
    const member = this.members.find((one) => one.name === name);
    if (member === undefined) throw new Error(`no member ${name}`);
    return member;
  }

  private run(program: string, name: string, args: readonly string[]): ChildProcess {
    const log = openSync(join(this.folder, `${name}.log`), 'a');
    return spawn(program, args, {
      cwd: this.folder,
      env: { PATH: process.env['PATH'] ?? '', LC_ALL: 'C', TZ: 'UTC' },
      stdio: ['ignore', log, log],
      detached: true,
      ...(this.user && { uid: this.user.uid, gid: this.user.gid }),
    });
  }

  private own(path: string): void {
    if (this.user) chownSync(path, this.user.uid, this.user.gid);
  }

  /** A file of Patroni's is YAML, of which JSON is a part. Everything that is not said has its default. */
  private writeConfig({ name, port, restPort, dataFolder, configPath }: Member, etcdPort: number): void {
    const config = {
      scope: 'yardstick',
      name,
      restapi: { listen: `127.0.0.1:${restPort}`, connect_address: `127.0.0.1:${restPort}` },
      etcd: { host: `127.0.0.1:${etcdPort}` },
      bootstrap: {
        dcs: { ...this.settings, postgresql: { use_pg_rewind: true, use_slots: true } },
        initdb: [{ encoding: 'UTF8' }, 'data-checksums'],
        pg_hba: ['host replication all 127.0.0.1/32 trust', 'host all all 127.0.0.1/32 trust'],
      },
      postgresql: {
        listen: `127.0.0.1:${port}`,
        connect_address: `127.0.0.1:${port}`,
        data_dir: dataFolder,
        bin_dir: this.programs.postgresFolder,
        pgpass: join(this.folder, `${name}.pgpass`),
        authentication: {
          superuser: { username: 'postgres', password },
          replication: { username: 'replicator', password },
          rewind: { username: 'rewinder', password },
        },
        parameters: { unix_socket_directories: '', wal_log_hints: 'on' },
      },
    };
    mkdirSync(dataFolder, { mode: 0o700 });
    writeFileSync(configPath, JSON.stringify(config, null, 2));
    for (const path of [dataFolder, configPath]) this.own(path);
  }
}

async function connect(port: number): Promise<pg.Client> {
  const client = new pg.Client({
    host: '127.0.0.1',
    port,
    user: 'postgres',
    database: 'postgres',
    password,
    connectionTimeoutMillis: answerMs,
    query_timeout: answerMs,
  });
  client.on('error', () => undefined);
  await client.connect();
  return client;
}

/** How many replicas stream from this server; -1 when it is no primary, or does not answer. */
async function countReplicas(port: number): Promise<number> {
  let client: pg.Client | undefined;
  try {
    client = await connect(port);
    const { rows } = await client.query<{ replicas: number }>(
      `SELECT CASE WHEN pg_is_in_recovery() THEN -1 ELSE
         (SELECT count(*)::int FROM pg_stat_replication WHERE state = 'streaming' AND application_name LIKE 'member-%')
       END AS replicas`,
    );
    return rows[0]?.replicas ?? -1;
  } catch {
    return -1;
  } finally {
    client?.end().catch(() => undefined);
  }
}
