import { execFile } from 'node:child_process';
import { Failure } from '#cli/failure.js';
import { parsePgbench, type PgbenchResult } from './pgbench-output.js';

export interface PgbenchPlan {
  readonly program: string;
  /** postgres://role@host:port/database */
  readonly url: string;
  readonly password: string;
  readonly scriptPath: string;
  readonly clients: number;
  /** Measured after `connectSeconds` that do not count. */
  readonly seconds: number;
  /** The first number of this run's orders; the orders of one server must not meet. */
  readonly firstNumber: number;
}

const threads = 2;
/** Not measured: 64 connections that plan their statements keep two cores busy for a while. */
export const connectSeconds = 2;

const graceMs = 60_000;
const shownCharacters = 1_500;

export function runPgbench(plan: PgbenchPlan): Promise<PgbenchResult> {
  const { clients, seconds, firstNumber, scriptPath, url } = plan;
  const args = [
    '-n',
    '-M',
    'simple',
    '-f',
    scriptPath,
    '-c',
    `${clients}`,
    '-j',
    `${Math.min(threads, clients)}`,
  ];
  const time = ['-P', '1', '-T', `${seconds + connectSeconds}`];
  const variables = ['-D', 'ready=0', '-D', `n=${firstNumber}`];
  const options = {
    // Nothing of the caller's environment decides on what is measured.
    env: { PATH: process.env['PATH'] ?? '', PGPASSWORD: plan.password },
    timeout: (seconds + connectSeconds) * 1000 + graceMs,
    maxBuffer: 16 * 1024 * 1024,
  };
  return new Promise((resolve, reject) => {
    execFile(plan.program, [...args, ...variables, ...time, url], options, (error, stdout, stderr) => {
      const result = error === null ? parsePgbench(`${stdout}\n${stderr}`, connectSeconds) : undefined;
      if (result !== undefined) resolve(result);
      else reject(new Failure(`pgbench failed:\n${stdout}\n${stderr}`.slice(0, shownCharacters)));
    });
  });
}
