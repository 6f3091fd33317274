import { coordinatorRole } from './coordinator-role.js';
import { treeMemoryBytes } from './memory.js';
import { aloneServer } from './postgres/server.js';
import { serverRole } from './postgres/server-role.js';
import { findProcess, isAlive, listProcesses, type ProcessEntry } from './process-table.js';
import { answersOk, postgresAnswers, redisAnswers } from './readiness.js';
import type { RunRecord, RunningProcess } from './run-record.js';
import type { StateFolder } from './state-folder.js';

interface ProcessStatus {
  readonly name: string;
  readonly kind: string;
  readonly pid: number;
  readonly port: number | null;
  readonly state: 'ready' | 'unready' | 'dead';
  readonly memoryBytes: number;
  /** Of a coordinator: whether it is the active one, and in which term. Of a database cluster's server: what it is. */
  readonly role?: string;
}

export interface PlatformStatus {
  readonly stage: number | null;
  readonly url: string | null;
  readonly processes: readonly ProcessStatus[];
  readonly totalMemoryBytes: number;
}

export const nothingRuns: PlatformStatus = { stage: null, url: null, processes: [], totalMemoryBytes: 0 };

/** Asks every process of a running platform how it is. */
export async function inspectPlatform(state: StateFolder, record: RunRecord): Promise<PlatformStatus> {
  const all = listProcesses();
  const processes = await Promise.all(record.processes.map((running) => inspectProcess(state, running, all)));
  const { launcher } = record;
  const own: ProcessStatus = {
    name: 'launcher',
    kind: 'launcher',
    pid: launcher.pid,
    port: null,
    state: isAlive(launcher) ? 'ready' : 'dead',
    memoryBytes: isAlive(launcher)
      ? treeMemoryBytes(launcher.pid, [findProcess(launcher.pid) ?? []].flat())
      : 0,
  };
  const listed = [...processes, own];
  const totalMemoryBytes = listed.reduce((sum, { memoryBytes }) => sum + memoryBytes, 0);
  return { stage: record.stage, url: record.url, processes: listed, totalMemoryBytes };
}

async function inspectProcess(
  state: StateFolder,
  running: RunningProcess,
  all: readonly ProcessEntry[],
): Promise<ProcessStatus> {
  const { name, kind, pid, port } = running;
  if (!isAlive(running)) return { name, kind, pid, port, state: 'dead', memoryBytes: 0 };
  const health = (await isReady(running)) ? 'ready' : 'unready';
  const role = health === 'ready' ? await roleOf(state, running) : undefined;
  const memoryBytes = treeMemoryBytes(pid, all);
  return { name, kind, pid, port, state: health, memoryBytes, ...(role !== undefined && { role }) };
}

function roleOf(state: StateFolder, { name, kind, port }: RunningProcess): Promise<string | undefined> {
  if (name.startsWith('coordinator')) return coordinatorRole(port);
  // A server that stands alone has no role.
  if (kind === 'postgres' && name !== aloneServer) return serverRole(state, port);
  return Promise.resolve(undefined);
}

function isReady({ kind, port }: RunningProcess): Promise<boolean> {
  switch (kind) {
    case 'postgres':
      return postgresAnswers(port);
    case 'redis':
      return redisAnswers(port);
    case 'nginx':
    case 'wires':
      return answersOk(port, '/healthz');
    case 'service':
      return answersOk(port, '/readyz');
  }
}
