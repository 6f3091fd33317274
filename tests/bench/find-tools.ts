import { accessSync, constants, existsSync, readdirSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { Failure } from '#cli/failure.js';

/** Debian keeps PostgreSQL's programs out of the PATH, in a folder for each major version. */
const postgresFolder = '/usr/lib/postgresql';

/** The newest pgbench of this machine; stops with the command that installs one. */
export function requirePgbench(): string {
  const versions = existsSync(postgresFolder) ? readdirSync(postgresFolder) : [];
  const folders = versions
    .sort((left, right) => Number(right) - Number(left))
    .map((version) => join(postgresFolder, version, 'bin'));
  const found = findExecutable('pgbench', [...folders, ...pathFolders()]);
  if (found !== undefined) return found;
  // Debian packs pgbench with the server, postgresql-NN, which the package postgresql stands for.
  throw new Failure(missing('pgbench', 'postgresql', 'postgresql'));
}

/** Patroni with etcd and a server; Debian's packages, which need not be running. */
export function requirePatroni(): { patroni: string; etcd: string; postgresFolder: string } {
  const patroni = findExecutable('patroni', pathFolders());
  const etcd = findExecutable('etcd', pathFolders());
  if (patroni === undefined || etcd === undefined)
    throw new Failure(missing('Patroni or etcd', 'patroni etcd-server postgresql', 'patroni etcd'));
  return { patroni, etcd, postgresFolder: dirname(requirePgbench()) };
}

export function requireWrk(): string {
  const found = findExecutable('wrk', pathFolders());
  if (found !== undefined) return found;
  throw new Failure(missing('wrk', 'wrk', 'wrk'));
}

function pathFolders(): string[] {
  return (process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
}

function findExecutable(name: string, folders: readonly string[]): string | undefined {
  return folders
    .map((folder) => join(folder, name))
    .find((path) => {
      try {
        accessSync(path, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}

function missing(program: string, apt: string, brew: string): string {
  const sudo = process.getuid?.() === 0 ? '' : 'sudo ';
  const command = process.platform === 'darwin' ? `brew install ${brew}` : `${sudo}apt-get install ${apt}`;
  return `${program} is missing: the figures are ratios to it. Install it with:\n  ${command}`;
}
