import { spawn, type ChildProcess } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { findProgram } from '#bootstrap/system-parts.mjs';
import { prepareDataFolders, type DataFolders } from '#cli/launcher/data-folder.js';
import { findFreePorts } from '#cli/launcher/ports.js';
import { openStateFolder } from '#cli/launcher/state-folder.js';
import { findSystemUser } from '#cli/launcher/system-user.js';
import pg from 'pg';
import { waitUntil } from '../e2e/wait-until.js';

jest.setTimeout(120_000);

const root = path.resolve(import.meta.dirname, '../../..');
const script = path.join(root, 'charts/tristate/files/postgres-server.sh');
const orphanWatcher = path.join(root, 'tests/e2e/stop-when-orphaned.mjs');
const deadlineMs = 60_000;
const wrongPassword = '28P01';

/** The chart's script with one real server, and with files in a temporary folder instead of a pod's volumes. */
class ScriptForTest {
  private readonly folder = mkdtempSync(path.join(tmpdir(), 'tristate-script-'));
  private readonly folders: DataFolders;
  private child: ChildProcess | undefined;
  private watcher: ChildProcess | undefined;
  private port = 0;
  private output = '';

  constructor() {
    // PostgreSQL may run as another user than the tests.
    chmodSync(this.folder, 0o755);
    this.folders = prepareDataFolders(openStateFolder(this.folder), findSystemUser());
    for (const name of ['script', 'mounted/database', 'scratch'])
      mkdirSync(path.join(this.folder, name), { recursive: true });
    copyFileSync(script, path.join(this.folder, 'script/server.sh'));
    const { user } = this.folders;
    if (user) chownSync(path.join(this.folder, 'scratch'), user.uid, user.gid);
  }

  /** Resolves when the role logs in. */
  async start(role: string, password: string): Promise<void> {
    [this.port = 0] = await findFreePorts(1);
    const { dataFolder, postgresFolder, user } = this.folders;
    const scratch = path.join(this.folder, 'scratch');
    const programs = [path.join(postgresFolder, 'bin'), path.dirname(findPsql()), '/usr/bin', '/bin'];
    const settings = [
      `port=${this.port}`,
      'listen_addresses=127.0.0.1',
      `unix_socket_directories=${scratch}`,
      // The server is not to outlive the machine.
      'fsync=off',
    ];
    const child = spawn(
      'bash',
      [path.join(this.folder, 'script/server.sh'), ...settings.flatMap((setting) => ['-c', setting])],
      {
        cwd: dataFolder,
        env: {
          PATH: programs.join(':'),
          MEMBER: 'postgres-1',
          MEMBERS: '',
          SECRETS: path.join(this.folder, 'mounted'),
          PGDATA: path.join(dataFolder, 'shop'),
          PGPORT: String(this.port),
          TMPDIR: scratch,
        },
        stdio: ['ignore', 'pipe', 'pipe'],
        ...(user && { uid: user.uid, gid: user.gid }),
      },
    );
    this.child = child;
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (text: Buffer) => (this.output += text.toString()));
    // A test run that is interrupted leaves no server behind.
    this.watcher = spawn(process.execPath, [orphanWatcher, 'kill', '-TERM', String(child.pid)], {
      stdio: ['pipe', 'ignore', 'ignore'],
      detached: true,
    });
    await this.admits(role, password);
  }

  /** As a volume is updated in place: a reader sees the old file or the new one. */
  write(file: string, text: string): void {
    const place = path.join(this.folder, file);
    writeFileSync(`${place}.new`, text, { mode: 0o644 });
    renameSync(`${place}.new`, place);
  }

  listDatabases(...names: string[]): void {
    this.write('script/databases', names.join(' '));
  }

  setPassword(role: string, password: string): void {
    this.write(`mounted/database/${role}.password`, password);
  }

  /** Resolves when the role logs in to the database of its name. */
  async admits(role: string, password: string): Promise<void> {
    const asked = async (): Promise<true | undefined> =>
      (await this.logIn(role, password)) === 'admitted' || undefined;
    await waitUntil(`${role} logs in`, deadlineMs, asked, () => this.output);
  }

  /** Resolves when the script has said this. */
  async says(text: string): Promise<void> {
    const isSaid = (): true | undefined => this.output.includes(text) || undefined;
    await waitUntil(`saying ${text}`, deadlineMs, isSaid, () => this.output);
  }

  /** @returns the code with which PostgreSQL refuses, or the system's where there is no connection */
  async logIn(role: string, password: string): Promise<string> {
    const client = new pg.Client({
      host: '127.0.0.1',
      port: this.port,
      user: role,
      database: role,
      password,
    });
    client.on('error', () => undefined);
    try {
      await client.connect();
      return 'admitted';
    } catch (error) {
      return (error as { code?: string }).code ?? String(error);
    } finally {
      await client.end();
    }
  }

  /** How often a server has begun to take connections, in the words of its log. */
  get starts(): number {
    return this.output.split('database system is ready to accept connections').length - 1;
  }

  async remove(): Promise<void> {
    const { child } = this;
    if (child?.exitCode === null && child.signalCode === null) {
      // Also of what the script has started, which writes to the same output.
      const ended = new Promise((resolve) => child.once('close', resolve));
      child.kill('SIGTERM');
      await ended;
    }
    this.watcher?.kill('SIGKILL');
    rmSync(this.folders.dataFolder, { recursive: true, force: true });
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** The images have a client; the shop's own packages have none. */
function findPsql(): string {
  const psql = findProgram('psql');
  if (psql === undefined) throw new Error('psql is missing. `npm test` installs it, or says how.');
  return psql;
}

describe('a database server of the chart', () => {
  let server: ScriptForTest;

  beforeAll(async () => {
    server = new ScriptForTest();
    server.setPassword('postgres', 'first-of-postgres');
    server.setPassword('first', 'first-of-first');
    server.listDatabases('first');
    await server.start('first', 'first-of-first');
  });

  afterAll(() => server.remove());

  it('makes a database that is added to the list while it runs, once there is a password for it', async () => {
    server.listDatabases('first', 'second');
    await server.says('waits for the password of second');
    server.setPassword('second', 'first-of-second');
    await server.admits('second', 'first-of-second');
    expect(await server.logIn('first', 'first-of-first')).toBe('admitted');
    expect(server.starts).toBe(1);
  });

  it('takes a list in which a mistake was mended', async () => {
    server.setPassword('pg_wrong', 'first-of-wrong');
    server.listDatabases('first', 'second', 'pg_wrong');
    await server.says('role name "pg_wrong" is reserved');
    server.setPassword('third', 'first-of-third');
    server.listDatabases('first', 'second', 'third');
    await server.admits('third', 'first-of-third');
  });

  it('takes a new password, and the former no longer, without a restart', async () => {
    server.setPassword('first', 'second-of-first');
    await server.admits('first', 'second-of-first');
    expect(await server.logIn('first', 'first-of-first')).toBe(wrongPassword);
    expect(server.starts).toBe(1);
  });
});
