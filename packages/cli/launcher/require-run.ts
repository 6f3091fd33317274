import { Failure } from '../failure.js';
import { isAlive } from './process-table.js';
import { readRunRecord, type RunRecord } from './run-record.js';
import { findStateFolder, type StateFolder } from './state-folder.js';

/**
 * The running platform of a state folder, for the commands that need one. Its processes may have outlived
 * their launcher.
 */
export function requireRun(path: string): { state: StateFolder; run: RunRecord } {
  const state = findStateFolder(path);
  const run = state && readRunRecord(state);
  if (!state || !run || ![run.launcher, ...run.processes].some(isAlive)) {
    throw new Failure('Nothing is running. Start the shop with `npm start` or `npx tristate up`.');
  }
  return { state, run };
}
