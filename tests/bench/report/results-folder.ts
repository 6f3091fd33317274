import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot } from '#cli/repository.js';

const resultsFolder = join(repositoryRoot, 'bench/results');

/** What a benchmark has measured, as it is kept in the repository. */
export function saveResult(name: string, result: unknown): string {
  mkdirSync(resultsFolder, { recursive: true });
  const path = join(resultsFolder, `${name}.json`);
  writeFileSync(path, `${JSON.stringify(result, null, 2)}\n`);
  return path;
}

/** Undefined when it was never measured. */
export function readResult<Result>(name: string): Result | undefined {
  const path = join(resultsFolder, `${name}.json`);
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as Result) : undefined;
}
