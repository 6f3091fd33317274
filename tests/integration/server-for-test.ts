import { spawn, type ChildProcess } from 'node:child_process';
import path from 'node:path';
import { listProcesses, processTree, signal } from '#cli/launcher/process-table.js';
import type { ProcessPlan } from '#cli/launcher/supervisor.js';
import { waitUntil } from '../e2e/wait-until.js';

const startDeadlineMs = 30_000;
const orphanWatcher = path.resolve(import.meta.dirname, '../../../tests/e2e/stop-when-orphaned.mjs');

/** A real server, as the launcher plans it, that a test starts, kills and starts again. */
export class ServerForTest {
  private child: ChildProcess | undefined;
  private watcher: ChildProcess | undefined;

  constructor(private readonly plan: ProcessPlan) {}

  async start(): Promise<void> {
    const { plan } = this;
    await plan.beforeStart?.('first');
    const { uid, gid } = plan.user ?? {};
    const child = spawn(plan.command, plan.args, {
      cwd: plan.workingFolder,
      env: plan.environment,
      stdio: 'ignore',
      ...(uid === undefined || gid === undefined ? {} : { uid, gid }),
    });
    this.child = child;
    // A test run that is interrupted leaves no server behind.
    this.watcher = spawn(process.execPath, [orphanWatcher, 'kill', '-9', String(child.pid)], {
      stdio: ['pipe', 'ignore', 'ignore'],
      detached: true,
    });
    await waitUntil(
      `${plan.name} is ready`,
      startDeadlineMs,
      async () => (await plan.isReady()) || undefined,
    );
  }

  /** Stops it where it is (SIGSTOP), with all that it has started; its connections stay open. */
  pause(): void {
    this.signalTree('SIGSTOP');
  }

  resume(): void {
    this.signalTree('SIGCONT');
  }

  private signalTree(name: NodeJS.Signals): void {
    const pid = this.child?.pid;
    if (pid === undefined) throw new Error(`${this.plan.name} does not run`);
    for (const process of processTree(pid, listProcesses())) signal(process, name);
  }

  /** As a power cut would. */
  async kill(): Promise<void> {
    this.watcher?.kill('SIGKILL');
    const { child } = this;
    if (child?.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await ended;
  }
}
