import { execFile } from 'node:child_process';
import { Failure } from '#cli/failure.js';
import { parseWrk, type WrkResult } from './wrk-output.js';

const graceMs = 30_000;

/** One thread of wrk keeps two cores busy, and leaves more of them to what is measured than two would. */
const threads = 1;

/** The requests are formatted once; each connection then sends one after the other of them. */
export function renderWrkScript(paths: readonly string[]): string {
  return [
    `local paths = { ${paths.map((path) => JSON.stringify(path)).join(', ')} }`,
    'local requests = {}',
    'local at = 0',
    'init = function()',
    '  for i, path in ipairs(paths) do requests[i] = wrk.format("GET", path) end',
    'end',
    'request = function()',
    '  at = at % #requests + 1',
    '  return requests[at]',
    'end',
    '',
  ].join('\n');
}

export interface WrkPlan {
  readonly program: string;
  readonly port: number;
  readonly scriptPath: string;
  readonly connections: number;
  readonly seconds: number;
}

export function runWrk({ program, port, scriptPath, connections, seconds }: WrkPlan): Promise<WrkResult> {
  const args = [
    '-t',
    `${threads}`,
    '-c',
    `${connections}`,
    '-d',
    `${seconds}s`,
    '-s',
    scriptPath,
    '--latency',
  ];
  const options = { timeout: seconds * 1000 + graceMs };
  return new Promise((resolve, reject) => {
    execFile(program, [...args, `http://127.0.0.1:${port}`], options, (error, stdout, stderr) => {
      const result = error === null ? parseWrk(stdout) : undefined;
      if (result === undefined)
        reject(new Failure(`wrk failed: ${error?.message ?? ''}\n${stdout}\n${stderr}`));
      else if (result.errors > 0) reject(new Failure(`wrk counted ${result.errors} errors:\n${stdout}`));
      else resolve(result);
    });
  });
}
