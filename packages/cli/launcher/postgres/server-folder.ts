import { existsSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';

import type { DataFolders } from '../data-folder.js';

/** The number of the order to clone the server anew that was executed last; PostgreSQL does not mind the file. */
export const cloneOrderFile = 'clone-order';
/** With this file PostgreSQL starts as a replica; it deletes it itself when it is promoted. */
export const standbyFile = 'standby.signal';

/** What a server's data folder says about the server, also while it is not running. */
export interface FolderState {
  readonly exists: boolean;
  readonly isStandby: boolean;
  readonly executedCloneOrder: number;
}

export function serverFolder({ dataFolder }: DataFolders, name: string): string {
  return join(dataFolder, name);
}

export function inspectFolder(folder: string): FolderState {
  const orderPath = join(folder, cloneOrderFile);
  return {
    exists: existsSync(folder),
    isStandby: existsSync(join(folder, standbyFile)),
    executedCloneOrder: existsSync(orderPath) ? Number(readFileSync(orderPath, 'utf8')) : 0,
  };
}

/** Before there were replicas the only server's folder was called `postgres`: it is the first member's. */
export function adoptFormerFolder(folders: DataFolders, name: string): void {
  const former = join(folders.dataFolder, 'postgres');
  const folder = serverFolder(folders, name);
  if (existsSync(join(former, 'PG_VERSION')) && !existsSync(folder)) renameSync(former, folder);
}
