import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import { errorCode } from '../error-code.js';
import { Failure } from '../failure.js';
import { waitFor } from '../wait-for.js';
import { Background } from './background.js';
import { logTail, openLog } from './process-log.js';
import { findProcess, isGone } from './process-table.js';
import type { ProcessKind, RunningProcess } from './run-record.js';
import type { SystemUser } from './system-user.js';

/** Why a process is started: `replaced` after it was killed in order to become something else. */
export type StartReason = 'first' | 'died' | 'replaced';

/** How a process is started, watched and stopped. */
export interface ProcessPlan {
  readonly name: string;
  readonly kind: ProcessKind;
  readonly port: number;
  readonly command: string;
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly workingFolder: string;
  /** Absent: the launcher's own user. */
  readonly user?: SystemUser | undefined;
  readonly stopSignal: NodeJS.Signals;
  /** It does the shop's work, and lets those go first that refuse what is too much of it, and that watch over it. */
  readonly inBackground?: boolean;
  /** How often it may end before it was ready once; only then the start has failed. */
  readonly startAttempts: number;
  readonly isReady: () => Promise<boolean>;
  /** Clears what a killed predecessor left behind, and answers when the process may start. */
  readonly beforeStart?: (reason: StartReason) => Promise<void>;
}

interface Supervised {
  readonly plan: ProcessPlan;
  child: ChildProcess | undefined;
  running: RunningProcess | undefined;
  wasReady: boolean;
  failedStarts: number;
  quickDeaths: number;
  isReplaced: boolean;
  startedAtMs: number;
  ended: Promise<void>;
  /** Why it could not be started at all. */
  fault: Error | undefined;
}

const readyTimeoutMs = 60_000;

/** A server is ready after some milliseconds, a service after seconds in which every poll takes time from it. */
const serverPollMs = 20;
const servicePollMs = 150;

const longLifeMs = 10_000;
const firstBackoffMs = 200;
const longestBackoffMs = 5_000;

/** No wait for the first restart, then 0.2 s, doubled up to 5 s. */
export function restartDelayMs(quickDeaths: number): number {
  return quickDeaths <= 1 ? 0 : Math.min(firstBackoffMs * 2 ** (quickDeaths - 2), longestBackoffMs);
}

export interface SupervisorEvents {
  readonly onChange: (processes: readonly RunningProcess[]) => void;
  readonly onLine: (text: string) => void;
}

/** Starts processes, brings back those that die, and stops them in the order that it is told. */
export class Supervisor {
  private readonly supervised = new Map<string, Supervised>();
  private readonly stopping = new Set<string>();
  private readonly background = new Background();
  private closed = false;

  constructor(
    private readonly logsFolder: string,
    private readonly events: SupervisorEvents,
  ) {}

  /** Starts the processes side by side; answers when all are ready, throws when one fails for good. */
  async start(plans: readonly ProcessPlan[], report: (text: string) => void = () => {}): Promise<void> {
    if (this.closed) throw new Failure('Stopped while starting.');
    const entries = plans.map((plan) => this.add(plan));
    let ready = 0;
    await Promise.all(
      entries.map(async (entry) => {
        await this.becomeReady(entry);
        report(`${++ready} of ${plans.length} ready`);
      }),
    );
  }

  /** From now on nothing is started. */
  close(): void {
    this.closed = true;
  }

  running(): RunningProcess[] {
    return [...this.supervised.values()].flatMap(({ running }) => running ?? []);
  }

  /** How often in a row the process has ended soon after its start. */
  quickDeaths(name: string): number {
    return this.supervised.get(name)?.quickDeaths ?? 0;
  }

  /** Kills a process, if it runs, and starts it anew: it is to become something else. */
  replace(name: string): void {
    const entry = this.supervised.get(name);
    const pid = entry?.child?.pid;
    if (!entry || pid === undefined || entry.isReplaced || this.stopping.has(name)) return;
    entry.isReplaced = true;
    killGroup(pid);
  }

  /** Signals a process, if it runs right now. */
  signal(name: string, signal: NodeJS.Signals): void {
    this.supervised.get(name)?.child?.kill(signal);
  }

  names(kind: ProcessKind): string[] {
    return [...this.supervised.values()]
      .filter(({ plan }) => plan.kind === kind)
      .map(({ plan }) => plan.name);
  }

  /** Asks the processes to end, and kills those that have not ended when the time is up. */
  async stop(names: readonly string[], timeoutMs: number): Promise<void> {
    for (const name of names) this.stopping.add(name);
    await Promise.all(names.map((name) => this.stopOne(name, timeoutMs)));
  }

  /** Ends everything at once. */
  killAll(): void {
    this.close();
    for (const [name, { child }] of this.supervised) {
      this.stopping.add(name);
      if (child?.pid !== undefined) killGroup(child.pid);
    }
  }

  private add(plan: ProcessPlan): Supervised {
    const entry: Supervised = {
      plan,
      child: undefined,
      running: undefined,
      wasReady: false,
      failedStarts: 0,
      quickDeaths: 0,
      isReplaced: false,
      startedAtMs: 0,
      ended: Promise.resolve(),
      fault: undefined,
    };
    this.supervised.set(plan.name, entry);
    this.spawn(entry, 'first').catch((error: unknown) => {
      entry.fault = error instanceof Error ? error : new Error(String(error));
    });
    return entry;
  }

  private async becomeReady(entry: Supervised): Promise<void> {
    const { plan } = entry;
    const outcome = await waitFor(
      async () => {
        if (entry.fault !== undefined) throw entry.fault;
        if (entry.failedStarts >= plan.startAttempts) return 'failed';
        if (this.stopping.has(plan.name)) return 'stopped';
        return entry.child !== undefined && (await plan.isReady()) && 'ready';
      },
      { timeoutMs: readyTimeoutMs, intervalMs: plan.kind === 'service' ? servicePollMs : serverPollMs },
    );
    if (outcome === 'stopped') throw new Failure('Stopped while starting.');
    if (outcome !== 'ready') {
      const log = join(this.logsFolder, `${plan.name}.log`);
      const what =
        outcome === 'failed' ? 'ended at its start' : `was not ready after ${readyTimeoutMs / 1000} s`;
      throw new Failure(`${plan.name} ${what}. The end of ${log}:\n${logTail(log)}`);
    }
    entry.wasReady = true;
  }

  private async spawn(entry: Supervised, reason: StartReason): Promise<void> {
    const { plan } = entry;
    await plan.beforeStart?.(reason);
    if (this.closed || this.stopping.has(plan.name)) return;
    const log = openLog(join(this.logsFolder, `${plan.name}.log`));
    const child = spawn(plan.command, plan.args, {
      cwd: plan.workingFolder,
      env: plan.environment,
      // The log is the process's own descriptor, so that it outlives a killed launcher; a session of its own
      // keeps the terminal's Ctrl-C away from it, and the launcher stops everything in order.
      stdio: ['ignore', log, log],
      detached: true,
      ...(plan.user && { uid: plan.user.uid, gid: plan.user.gid }),
    });
    closeSync(log);
    if (plan.inBackground === true && child.pid !== undefined) this.background.add(child.pid);
    entry.child = child;
    entry.startedAtMs = performance.now();
    const startTime = child.pid === undefined ? undefined : findProcess(child.pid)?.startTime;
    entry.running =
      child.pid === undefined || startTime === undefined
        ? undefined
        : { name: plan.name, kind: plan.kind, port: plan.port, pid: child.pid, startTime };
    entry.ended = new Promise((resolve) => {
      child.once('error', () => resolve());
      child.once('exit', () => resolve());
    });
    child.once('error', (error) => this.onDeath(entry, error.message, false));
    child.once('exit', (code, signal) => this.onDeath(entry, signal ?? `code ${code}`, code === 0));
    this.events.onChange(this.running());
  }

  private onDeath(entry: Supervised, how: string, orderly: boolean): void {
    const { plan, child } = entry;
    entry.child = undefined;
    entry.running = undefined;
    // What it started must not hold its port or its files.
    if (child?.pid !== undefined) {
      this.background.remove(child.pid);
      killGroup(child.pid);
    }
    this.events.onChange(this.running());
    if (this.stopping.has(plan.name)) return;
    if (entry.isReplaced) {
      entry.isReplaced = false;
      this.events.onLine(`! ${plan.name} is killed, to be started as something else`);
      this.restart(entry, 'replaced', 0);
      return;
    }
    if (!entry.wasReady && ++entry.failedStarts >= plan.startAttempts) return;
    const livedMs = performance.now() - entry.startedAtMs;
    // A process that was asked to end, as `npm run dev` does after a change, has not failed.
    entry.quickDeaths = orderly || livedMs > longLifeMs ? 1 : entry.quickDeaths + 1;
    const delayMs = restartDelayMs(entry.quickDeaths);
    const when = delayMs === 0 ? 'now' : `in ${(delayMs / 1000).toFixed(1)} s`;
    if (entry.wasReady) this.events.onLine(`! ${plan.name} ended (${how}); it is started again ${when}`);
    this.restart(entry, 'died', delayMs);
  }

  private restart(entry: Supervised, reason: StartReason, delayMs: number): void {
    const started = delay(delayMs).then(() => this.spawn(entry, reason));
    started.catch((error: unknown) => {
      const { name } = entry.plan;
      if (this.closed || this.stopping.has(name)) return;
      const nextMs = restartDelayMs(++entry.quickDeaths);
      this.events.onLine(`! ${name} cannot be started: ${String(error)}`);
      this.restart(entry, reason, nextMs);
    });
  }

  private async stopOne(name: string, timeoutMs: number): Promise<void> {
    const entry = this.supervised.get(name);
    const pid = entry?.child?.pid;
    if (!entry || pid === undefined) return;
    entry.child?.kill(entry.plan.stopSignal);
    await Promise.race([entry.ended, delay(timeoutMs, undefined, { ref: false })]);
    if (entry.child === undefined) return;
    this.events.onLine(`! ${name} did not stop within ${timeoutMs / 1000} s and is killed`);
    killGroup(pid);
    await entry.ended;
  }
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (error) {
    // EPERM is what macOS answers for a group of which only the dead remain.
    if (!isGone(error) && errorCode(error) !== 'EPERM') throw error;
  }
}
