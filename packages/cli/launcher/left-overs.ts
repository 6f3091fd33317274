import { waitFor } from '../wait-for.js';
import { dataFolderOf, type StateFolder } from './state-folder.js';
import { environmentOf, isAlive, listProcesses, signal, workingFolder, type ProcessId } from './process-table.js';
import { readRunRecord, removeRunRecord } from './run-record.js';
import { stateMarker } from './services.js';

const servers = new Set(['nginx', 'postgres', 'redis-server']);

/**
 * Processes of this platform that a dead launcher has left behind: those of its record, and those that carry
 * the platform's mark, since a launcher may die between a start and its record. A pid that has been given to
 * another program since is not among them.
 */
export function findLeftOvers(state: StateFolder): ProcessId[] {
  const recorded = readRunRecord(state)?.processes.filter(isAlive) ?? [];
  const sessions = new Set(recorded.map(({ pid }) => pid));
  const mark = `${stateMarker}=${state.id}`;
  const dataFolder = `${dataFolderOf(state)}/`;
  const marked = listProcesses().filter(({ pid, sessionId, command }) => {
    if (pid === process.pid) return false;
    if (sessions.has(sessionId)) return true;
    if (servers.has(command)) return `${workingFolder(pid) ?? ''}/`.startsWith(dataFolder);
    return environmentOf(pid).includes(mark);
  });
  return [...new Map([...recorded, ...marked].map((found) => [found.pid, found])).values()];
}

const politeStopMs = 8_000;
const killMs = 5_000;

/** Ends what a dead launcher has left behind; answers how many processes that were. */
export async function endLeftOvers(state: StateFolder): Promise<number> {
  const found = findLeftOvers(state);
  const kinds = new Map(readRunRecord(state)?.processes.map(({ pid, kind }) => [pid, kind]));
  for (const process of found) {
    // SIGTERM would let PostgreSQL wait for its sessions.
    signal(process, kinds.get(process.pid) === 'postgres' ? 'SIGINT' : 'SIGTERM');
  }
  const gone = (): boolean => !found.some(isAlive);
  if (!(await waitFor(gone, { timeoutMs: politeStopMs }))) {
    for (const process of found) signal(process, 'SIGKILL');
    await waitFor(gone, { timeoutMs: killMs });
  }
  removeRunRecord(state);
  return found.length;
}
