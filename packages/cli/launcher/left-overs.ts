import { waitFor } from '../wait-for.js';
import { dataFolderOf, type StateFolder } from './state-folder.js';
import {
  environmentOf,
  isAlive,
  listProcesses,
  signal,
  workingFolder,
  type ProcessEntry,
} from './process-table.js';
import { readRunRecord, removeRunRecord } from './run-record.js';
import { stateMarker } from './services.js';

const servers = new Set(['nginx', 'postgres', 'redis-server']);

/**
 * Processes of this platform that a dead launcher has left behind: those of its record, and those that carry
 * the platform's mark, since a launcher may die between a start and its record. A pid that has been given to
 * another program since is not among them.
 */
export function findLeftOvers(state: StateFolder): ProcessEntry[] {
  const recorded = readRunRecord(state)?.processes.filter(isAlive) ?? [];
  const sessions = new Set(recorded.map(({ pid }) => pid));
  const mark = `${stateMarker}=${state.id}`;
  const dataFolder = `${dataFolderOf(state)}/`;
  return listProcesses().filter(({ pid, sessionId, command }) => {
    if (pid === process.pid) return false;
    if (sessions.has(sessionId)) return true;
    if (servers.has(command)) return `${workingFolder(pid) ?? ''}/`.startsWith(dataFolder);
    return environmentOf(pid).includes(mark);
  });
}

const politeStopMs = 8_000;
const killMs = 5_000;

/** Ends what a dead launcher has left behind; answers how many processes that were, children left out. */
export async function endLeftOvers(state: StateFolder): Promise<number> {
  const found = findLeftOvers(state);
  const pids = new Set(found.map(({ pid }) => pid));
  const parents = found.filter(({ parentPid }) => !pids.has(parentPid));
  // SIGTERM would let PostgreSQL wait for its sessions.
  for (const parent of parents) signal(parent, parent.command === 'postgres' ? 'SIGINT' : 'SIGTERM');
  const gone = (): boolean => !found.some(isAlive);
  if (!(await waitFor(gone, { timeoutMs: politeStopMs }))) {
    for (const remaining of found) signal(remaining, 'SIGKILL');
    await waitFor(gone, { timeoutMs: killMs });
  }
  removeRunRecord(state);
  return parents.length;
}
