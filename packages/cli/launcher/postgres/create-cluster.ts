import { execFile } from 'node:child_process';
import { chownSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { Failure } from '../../failure.js';
import type { DataFolders } from '../data-folder.js';
import type { StateFolder } from '../state-folder.js';
import { passwordOf, superuser } from './roles.js';
import { serverEnvironment } from './server.js';
import { serverFolder } from './server-folder.js';

/** Makes the first server's data. It gets its final name when it is complete, so that a half-made one is never used. */
export async function createCluster(state: StateFolder, folders: DataFolders, name: string): Promise<void> {
  const { user, dataFolder, postgresFolder } = folders;
  const unfinished = join(dataFolder, `${name}.unfinished`);
  const passwordFile = join(dataFolder, 'superuser.password');
  rmSync(unfinished, { recursive: true, force: true });
  writeFileSync(passwordFile, passwordOf(state, superuser), { mode: 0o600 });
  if (user) chownSync(passwordFile, user.uid, user.gid);
  const args = ['-D', unfinished, '-U', superuser, '-A', 'scram-sha-256', `--pwfile=${passwordFile}`];
  try {
    await promisify(execFile)(
      join(postgresFolder, 'bin/initdb'),
      [...args, '--no-locale', '-E', 'UTF8', '--no-instructions', '--wal-segsize=4'],
      { cwd: dataFolder, env: serverEnvironment(folders), ...(user && { uid: user.uid, gid: user.gid }) },
    );
  } catch (cause) {
    throw new Failure(
      `PostgreSQL's initdb failed: ${cause instanceof Error ? cause.message : String(cause)}`,
    );
  } finally {
    rmSync(passwordFile, { force: true });
  }
  leaveOutFixedSettings(join(unfinished, 'postgresql.conf'));
  renameSync(unfinished, serverFolder(folders, name));
}

/** initdb writes down what the machine allows; at each reload PostgreSQL would complain that the command line differs. */
function leaveOutFixedSettings(path: string): void {
  const text = readFileSync(path, 'utf8');
  writeFileSync(path, text.replace(/^(?=(max_connections|shared_buffers) )/gm, '#'));
}
