import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, jest } from '@jest/globals';
import { inspectPlatform, nothingRuns, type PlatformStatus } from '#cli/launcher/inspect-platform.js';
import { probePort } from '#cli/launcher/ports.js';
import { readRunRecord } from '#cli/launcher/run-record.js';
import { findStateFolder } from '#cli/launcher/state-folder.js';
import { z } from 'zod';

export const repository = path.join(import.meta.dirname, '..', '..', '..');
export const cliPath = path.join(repository, 'bootstrap', 'tristate.mjs');

/** Room for a first start, which makes a database cluster, on a machine that is busy with something else. */
const COMMAND_DEADLINE_MS = 90_000;
/** Above a command's own deadline, so that what a test reports is what the command said. */
export const START_DEADLINE_MS = 120_000;
const STOP_DEADLINE_MS = 120_000;
const TEST_DEADLINE_MS = 180_000;

export interface CliResult {
  exitCode: number;
  stdout: string;
  stderr: string;
}

const verdictSchema = z.object({
  ok: z.boolean(),
  laws: z.array(z.object({ name: z.string(), ok: z.boolean(), expected: z.unknown(), actual: z.unknown() })),
});
export type Verdict = z.infer<typeof verdictSchema>;

/** Runs a command of `tristate` in a process of its own, as a person would. */
export function tristate(args: readonly string[], program = cliPath): Promise<CliResult> {
  return new Promise((resolve) => {
    const options = { cwd: repository, timeout: COMMAND_DEADLINE_MS, killSignal: 'SIGKILL' } as const;
    execFile(process.execPath, [program, ...args], options, (error, stdout, stderr) => {
      const exitCode = error === null ? 0 : typeof error.code === 'number' ? error.code : -1;
      resolve({ exitCode, stdout, stderr });
    });
  });
}

/** Below those that the launcher chooses by itself, and below those of outgoing connections. */
const LOWEST_PORT = 10_000;
const PORTS = 9_990;
/** A stage without a front door has a port for each of its copies, one after the other. */
const DOORS = 3;

/** A port that is free, as are those after it that a stage may need. */
export async function findFreePort(): Promise<number> {
  for (;;) {
    const first = LOWEST_PORT + Math.floor(Math.random() * PORTS);
    const states = await Promise.all(Array.from({ length: DOORS }, (_, next) => probePort(first + next)));
    if (states.every((state) => state === 'free')) return first;
  }
}

export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    // One that has ended and waits for the system to take notice is listed still; only Linux tells, in /proc.
    return process.platform !== 'linux' || !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

/** A platform of its own on a free port, whose state is in a folder of its own. */
export class TestPlatform {
  #watcher: ChildProcess | undefined;

  private constructor(
    readonly stage: number,
    readonly port: number,
    readonly stateFolder: string,
  ) {}

  static async create(stage: number, folderPrefix = 'tristate-test-'): Promise<TestPlatform> {
    const stateFolder = mkdtempSync(path.join(tmpdir(), folderPrefix));
    return new TestPlatform(stage, await findFreePort(), stateFolder);
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  get adminToken(): string {
    return readFileSync(path.join(this.stateFolder, 'admin-token'), 'utf8').trim();
  }

  /** What user tokens are signed with. */
  get tokenKey(): string {
    return readFileSync(path.join(this.stateFolder, 'secrets', 'token-key'), 'utf8').trim();
  }

  /** The arguments of `tristate up` for this platform. */
  get upArguments(): string[] {
    return [
      'up',
      '--stage',
      `${this.stage}`,
      '--port',
      `${this.port}`,
      '--state',
      this.stateFolder,
      '--detach',
    ];
  }

  async start(): Promise<void> {
    this.#watcher ??= this.#watch();
    const { exitCode, stdout, stderr } = await tristate(this.upArguments);
    if (exitCode !== 0) throw new Error(`tristate up ended with ${exitCode}\n${stdout}\n${stderr}`);
  }

  /** What `tristate status --json` prints. */
  async status(): Promise<PlatformStatus> {
    const state = findStateFolder(this.stateFolder);
    if (state === undefined) return nothingRuns;
    const record = readRunRecord(state);
    return record === undefined ? nothingRuns : inspectPlatform(state, record);
  }

  /** The pid under which a process runs right now; it changes when the launcher starts it again. */
  async pidOf(name: string): Promise<number> {
    const { processes } = await this.status();
    const pid = processes.find((entry) => entry.name === name)?.pid;
    if (pid === undefined || pid === null)
      throw new Error(`no process ${name} runs; there are ${JSON.stringify(processes)}`);
    return pid;
  }

  /** Of everything that belongs to this platform, the launcher included. */
  async pids(): Promise<number[]> {
    const { processes } = await this.status();
    return processes.map(({ pid }) => pid);
  }

  async verify(): Promise<Verdict> {
    const { stdout, stderr } = await tristate(['verify', '--state', this.stateFolder, '--json']);
    if (stdout === '') throw new Error(`tristate verify printed nothing: ${stderr}`);
    return verdictSchema.parse(JSON.parse(stdout));
  }

  /** Stops everything and removes the data; also what a failed start left behind. Every suite ends with this. */
  async remove(): Promise<void> {
    const pids = await this.pids().catch(() => []);
    const { exitCode, stderr } = await tristate(this.#downArguments);
    this.#watcher?.kill('SIGKILL');
    rmSync(this.stateFolder, { recursive: true, force: true });
    if (exitCode !== 0) throw new Error(`tristate down ended with ${exitCode}\n${stderr}`);
    const left = pids.filter(isRunning);
    if (left.length > 0) throw new Error(`tristate down left processes behind: ${left.join(', ')}`);
  }

  get #downArguments(): string[] {
    return ['down', '--state', this.stateFolder, '--delete-data'];
  }

  /** A test run that is interrupted cannot clean up, so somebody else has to. */
  #watch(): ChildProcess {
    const script = path.join(repository, 'tests', 'e2e', 'stop-when-orphaned.mjs');
    const watcher = spawn(process.execPath, [script, process.execPath, cliPath, ...this.#downArguments], {
      stdio: ['pipe', 'ignore', 'ignore'],
      detached: true,
    });
    watcher.unref();
    return watcher;
  }
}

/** A platform for all tests of a file: started before the first, removed after the last, failed or not. */
export function usePlatform(stage: number): () => TestPlatform {
  // Each wait in a test has its own deadline, and says what did not happen; this one is above them.
  jest.setTimeout(TEST_DEADLINE_MS);
  let platform: TestPlatform | undefined;
  beforeAll(async () => {
    platform = await TestPlatform.create(stage);
    await platform.start();
  }, START_DEADLINE_MS);
  afterAll(async () => {
    await platform?.remove();
  }, STOP_DEADLINE_MS);
  return () => {
    if (platform === undefined) throw new Error('the platform has not been started yet');
    return platform;
  };
}
