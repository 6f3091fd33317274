import { spawn, type ChildProcess } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { resendingFetch } from '#platform/http/resending-fetch.js';
import type { Progress } from '#bootstrap/progress.mjs';
import { Failure } from '#cli/failure.js';
import { deleteData } from '#cli/launcher/data-folder.js';
import { Platform } from '#cli/launcher/platform.js';
import { findFreePorts } from '#cli/launcher/ports.js';
import { findLiveRun, type RunningProcess } from '#cli/launcher/run-record.js';
import { repositoryRoot } from '#cli/repository.js';

const verdictSchema = z.object({
  ok: z.boolean(),
  laws: z.array(z.object({ name: z.string(), ok: z.boolean(), expected: z.string(), actual: z.string() })),
});

const settleMs = 20_000;

export interface BenchPlatformOptions {
  readonly stage: number;
  readonly progress: Progress;
  /** Of the database, instead of what the stage has. */
  readonly replicas?: number;
  /** NODE_OPTIONS of the services. */
  readonly nodeOptions?: string;
}

/** A platform of the benchmark's own, on free ports and in a temporary folder. */
export class BenchPlatform {
  readonly platform: Platform;
  private readonly watcher: ChildProcess;

  private readonly folder = mkdtempSync(join(tmpdir(), 'tristate-bench-'));
  private stopping: Promise<void> | undefined;

  constructor(
    readonly port: number,
    { stage, progress, replicas, nodeOptions }: BenchPlatformOptions,
  ) {
    this.watcher = stopWhenOrphaned(this.folder);
    this.platform = new Platform({
      stage,
      port,
      stateFolder: this.folder,
      progress,
      // What a load costs is measured also where the shop would refuse a part of it.
      neverSheds: true,
      ...(replicas !== undefined && { replicas }),
      ...(nodeOptions !== undefined && { nodeOptions }),
    });
  }

  static async findPort(): Promise<number> {
    const [port = 0] = await findFreePorts(1);
    return port;
  }

  async start(): Promise<void> {
    await this.platform.start();
  }

  stop(): Promise<void> {
    this.stopping ??= this.stopOnce();
    return this.stopping;
  }

  private async stopOnce(): Promise<void> {
    await this.platform.stop();
    deleteData(this.platform.state);
    rmSync(this.folder, { recursive: true, force: true });
    this.watcher.kill('SIGKILL');
  }

  /** Copies the logs to where they outlive the platform; answers where that is. */
  keepLogs(): string {
    const kept = mkdtempSync(join(tmpdir(), 'tristate-bench-logs-'));
    cpSync(this.platform.state.logsFolder, kept, { recursive: true });
    return kept;
  }

  get processes(): readonly RunningProcess[] {
    return findLiveRun(this.platform.state)?.processes ?? [];
  }

  /** Of the primary: in a platform that has just been started it is the first server. */
  get postgresPort(): number {
    const [primary] = this.postgresPorts;
    if (primary === undefined) throw new Error('the platform has no PostgreSQL');
    return primary;
  }

  get replicaPorts(): number[] {
    return this.postgresPorts.slice(1);
  }

  get adminToken(): string {
    return readFileSync(this.platform.state.adminTokenPath, 'utf8').trim();
  }

  private get postgresPorts(): number[] {
    const servers = this.processes.filter(({ kind }) => kind === 'postgres');
    return servers.sort((one, other) => one.name.localeCompare(other.name)).map(({ port }) => port);
  }

  /** Throws when a law of conservation is broken: figures of a shop that loses money mean nothing. */
  async checkInvariants(): Promise<void> {
    const response = await resendingFetch(
      `http://127.0.0.1:${this.port}/control/invariants?waitMs=${settleMs}`,
      {
        headers: { authorization: `Bearer ${this.adminToken}` },
      },
    );
    const text = await response.text();
    if (response.status !== 200)
      throw new Failure(`The invariants cannot be checked: ${response.status} ${text}`);
    const { ok, laws } = verdictSchema.parse(JSON.parse(text));
    if (ok) return;
    const broken = laws
      .filter((law) => !law.ok)
      .map((law) => `${law.name}: ${law.expected}, not ${law.actual}`);
    throw new Failure(`After this run a law is broken:\n  ${broken.join('\n  ')}`);
  }
}

/** A benchmark that is killed cannot clean up, so somebody else has to. */
function stopWhenOrphaned(folder: string): ChildProcess {
  const script = join(repositoryRoot, 'tests/e2e/stop-when-orphaned.mjs');
  const down = [join(repositoryRoot, 'bootstrap/cli.mjs'), 'down', '--state', folder, '--delete-data'];
  const watcher = spawn(process.execPath, [script, process.execPath, ...down], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  watcher.unref();
  return watcher;
}
