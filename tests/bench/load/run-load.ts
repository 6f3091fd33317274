import { fork } from 'node:child_process';
import { join } from 'node:path';
import type { LoadPlan, LoadResult } from './load-plan.js';

/** Runs the load generator in a process of its own, so that nothing else of the benchmark counts as its CPU. */
export function runLoad(plan: LoadPlan): Promise<LoadResult> {
  return new Promise((resolve, reject) => {
    const child = fork(join(import.meta.dirname, 'main.js'), {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    child.once('message', (result: LoadResult) => resolve(result));
    child.once('error', reject);
    child.once('exit', (code, signal) =>
      reject(new Error(`The load generator ended with ${signal ?? code} and without a result`)),
    );
    child.send(plan);
  });
}
