import { fork, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { Failure } from '../failure.js';
import type { LoadPlan, WorkerPlan } from './load-plan.js';
import { toResult, type LoadCounts, type LoadResult } from './load-result.js';
import { LoadTally } from './load-tally.js';
import type { WorkerMessage } from './worker-message.js';

const program = join(import.meta.dirname, 'load-worker.js');
/** What a process needs to start: until then none of them sends. */
const startMs = 400;

export interface LoadProgress {
  /** Of the measured part; below 0 in the warm-up. */
  readonly atMs: number;
  /** The second before this one, of which nearly all is known; undefined in the warm-up. */
  readonly last: LoadCounts | undefined;
  readonly total: LoadCounts;
}

export interface RunOptions {
  /** Called about every second. */
  readonly onProgress?: (progress: LoadProgress) => void;
  /** Ends the load early: what was measured is thrown away, and an error is thrown. */
  readonly signal?: AbortSignal;
}

/** Sends a load from processes of their own, and answers what came of it when the last answer is there or given up. */
export async function runLoad(plan: LoadPlan, { onProgress, signal }: RunOptions = {}): Promise<LoadResult> {
  signal?.throwIfAborted();
  const tally = new LoadTally();
  const beginsAtEpochMs = performance.timeOrigin + performance.now() + startMs + plan.warmUpMs;
  const keyPrefix = `load-${randomBytes(6).toString('hex')}`;
  const workers = Array.from({ length: plan.workers }, (_, worker) =>
    startWorker({ ...plan, worker, keyPrefix, beginsAtEpochMs }, tally),
  );
  const kill = (): void => {
    for (const { child } of workers) child.kill('SIGKILL');
  };
  signal?.addEventListener('abort', kill);
  const timer = setInterval(() => {
    const atMs = performance.timeOrigin + performance.now() - beginsAtEpochMs;
    onProgress?.({ atMs, last: tally.second(Math.floor(atMs / 1000) - 1), total: tally.sofar });
  }, 1000);
  try {
    await Promise.all(workers.map(({ ended }) => ended));
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  } finally {
    clearInterval(timer);
    signal?.removeEventListener('abort', kill);
    kill();
  }
  return toResult(plan, tally.finish(Math.ceil(plan.durationMs / 1000)));
}

function startWorker(plan: WorkerPlan, tally: LoadTally): { child: ChildProcess; ended: Promise<void> } {
  const child = fork(program, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'], serialization: 'advanced' });
  const ended = new Promise<void>((resolve, reject) => {
    let isComplete = false;
    child.on('message', (message: WorkerMessage) => {
      tally.add(message);
      if (message.kind === 'end') isComplete = true;
    });
    child.once('error', reject);
    child.once('exit', (code, signal) => {
      if (isComplete) resolve();
      else reject(new Failure(`A process of the load tester ended with ${signal ?? code} before its work.`));
    });
  });
  child.send(plan);
  return { child, ended };
}
