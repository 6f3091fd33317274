import { existsSync, linkSync, rmSync } from 'node:fs';
import { join } from 'node:path';

import { errorCode } from '../error-code.js';
import { findProcess, isAlive, type ProcessId } from './process-table.js';
import { readJson, writeJson, type StateFolder } from './state-folder.js';

export type ProcessKind = 'service' | 'postgres' | 'redis' | 'nginx' | 'wires';

export interface RunningProcess extends ProcessId {
  readonly name: string;
  readonly kind: ProcessKind;
  readonly port: number;
}

/** What runs, as its launcher last wrote it to run.json. */
export interface RunRecord {
  readonly launcher: ProcessId;
  readonly phase: 'starting' | 'ready' | 'stopping';
  readonly stage: number;
  readonly url: string;
  readonly processes: readonly RunningProcess[];
}

const pathOf = (state: StateFolder): string => join(state.path, 'run.json');

export function readRunRecord(state: StateFolder): RunRecord | undefined {
  return readJson(pathOf(state)) as RunRecord | undefined;
}

/** Does nothing when somebody has deleted the state folder: the processes still have to be stopped then. */
export function writeRunRecord(state: StateFolder, record: RunRecord): void {
  if (existsSync(state.path)) writeJson(pathOf(state), record);
}

/** Writes the first record of a run. Answers false when another launcher was faster. */
export function claimRun(state: StateFolder, record: RunRecord): boolean {
  const temporary = `${pathOf(state)}.claim-${process.pid}`;
  writeJson(temporary, record);
  try {
    linkSync(temporary, pathOf(state));
    return true;
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false;
    throw error;
  } finally {
    rmSync(temporary, { force: true });
  }
}

export function removeRunRecord(state: StateFolder): void {
  rmSync(pathOf(state), { force: true });
}

/** The record of a launcher that is alive, or undefined. */
export function findLiveRun(state: StateFolder): RunRecord | undefined {
  const record = readRunRecord(state);
  return record && isAlive(record.launcher) ? record : undefined;
}

export function ownProcessId(): ProcessId {
  const entry = findProcess(process.pid);
  if (!entry) throw new Error('the system does not list this very process');
  return { pid: entry.pid, startTime: entry.startTime };
}
