import { chown, copyFile, mkdir, readdir, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Client } from 'pg';

import { errorCode } from '../../error-code.js';
import type { SystemUser } from '../system-user.js';
import { cloneOrderFile, standbyFile } from './server-folder.js';

/** What belongs to the running server and not to its data (PostgreSQL 18, section 25.3.4.3). The folders stay, empty. */
const emptiedFolders = new Set([
  'pg_wal',
  'pg_replslot',
  'pg_dynshmem',
  'pg_notify',
  'pg_serial',
  'pg_snapshots',
  'pg_stat_tmp',
  'pg_subtrans',
]);
const leftOut = new Set([
  'postmaster.pid',
  'postmaster.opts',
  'backup_label',
  'backup_label.old',
  'tablespace_map',
  'backup_manifest',
  'postgresql.auto.conf',
  'recovery.signal',
  standbyFile,
  cloneOrderFile,
]);
const leftOutPattern = /^(pgsql_tmp|pg_internal\.init|postgresql\.auto\.conf\.tmp)/;

/** Copied last, so that what it says about checkpoints is not younger than any page. */
const controlFile = 'global/pg_control';

const copiesAtOnce = 16;

export interface BaseCopy {
  /** A session of a superuser at the server. It stays open for the whole copy: the backup ends with it. */
  readonly client: Client;
  readonly from: string;
  /** Does not exist yet. */
  readonly to: string;
  readonly user: SystemUser | undefined;
}

/**
 * Copies a running server's data folder by the low-level backup functions, since the npm binaries carry no
 * pg_basebackup. A page may change while it is copied: the WAL from the copy's beginning on mends it, so somebody must
 * have made sure that the WAL is kept. PostgreSQL itself brings the copy to disk at its first start, since the copied
 * control file says that the server was not shut down.
 */
export async function takeBaseCopy({ client, from, to, user }: BaseCopy): Promise<void> {
  await client.query("SELECT pg_backup_start('clone', fast => true)");
  const write = async (path: string, work: () => Promise<void>): Promise<void> => {
    await work();
    if (user) await chown(path, user.uid, user.gid);
  };
  const { folders, files } = await listData(from);
  await mkdir(to, { mode: 0o700 });
  if (user) await chown(to, user.uid, user.gid);
  for (const folder of folders) {
    const path = join(to, folder);
    await write(path, async () => void (await mkdir(path, { mode: 0o700 })));
  }
  const copy = async (file: string): Promise<void> => {
    const path = join(to, file);
    try {
      await write(path, () => copyFile(join(from, file), path));
    } catch (error) {
      // A table that was dropped meanwhile; the WAL drops it in the copy, too.
      if (errorCode(error) !== 'ENOENT' || existsSync(join(from, file))) throw error;
    }
  };
  const rest = files.filter((file) => file !== controlFile);
  while (rest.length > 0) await Promise.all(rest.splice(0, copiesAtOnce).map(copy));
  await copy(controlFile);
  const stopped = await client.query<{ labelfile: string }>(
    'SELECT labelfile FROM pg_backup_stop(wait_for_archive => false)',
  );
  const label = join(to, 'backup_label');
  await write(label, () => writeFile(label, stopped.rows[0]?.labelfile ?? '', { mode: 0o600 }));
}

interface Data {
  /** Parents before their children. */
  readonly folders: readonly string[];
  readonly files: readonly string[];
}

async function listData(root: string): Promise<Data> {
  const folders: string[] = [];
  const files: string[] = [];
  const walk = async (folder: string): Promise<void> => {
    for (const entry of await readdir(join(root, folder), { withFileTypes: true })) {
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
      if (entry.isDirectory()) {
        folders.push(path);
        if (!emptiedFolders.has(path)) await walk(path);
      } else if (!leftOut.has(entry.name) && !leftOutPattern.test(entry.name)) {
        files.push(path);
      }
    }
  };
  await walk('');
  return { folders, files };
}
