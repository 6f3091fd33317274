import { fork } from 'node:child_process';

/** Has a program that gets one plan and answers one result run in a process of its own, so that nothing else counts as its CPU. */
export function runChild<Plan extends object, Result>(path: string, plan: Plan): Promise<Result> {
  return new Promise((resolve, reject) => {
    const child = fork(path, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    child.once('message', (result: Result) => resolve(result));
    child.once('error', reject);
    child.once('exit', (code, signal) =>
      reject(new Error(`${path} ended with ${signal ?? code} and without a result`)),
    );
    child.send(plan);
  });
}
