import { openSync, readFileSync, renameSync, statSync } from 'node:fs';

const tailLines = 15;
const rotateAtBytes = 16 * 1024 * 1024;

/** A descriptor at the end of a log. A log that has grown long is put aside first; one old log is kept. */
export function openLog(path: string): number {
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  if (size > rotateAtBytes) renameSync(path, `${path}.1`);
  return openSync(path, 'a');
}

/** The last lines of a log, for an error message; empty when there is no log. */
export function logTail(path: string): string {
  try {
    return readFileSync(path, 'utf8').trimEnd().split('\n').slice(-tailLines).join('\n');
  } catch {
    return '';
  }
}
