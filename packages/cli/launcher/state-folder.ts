import { createHash, randomBytes, randomUUID } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  rmdirSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join, resolve } from 'node:path';

import { errorCode } from '../error-code.js';
import { Failure } from '../failure.js';
import { repositoryRoot } from '../repository.js';
import { serviceNames } from './topology.js';

export const defaultStateFolder = join(repositoryRoot, '.tristate');

/** Everything that a platform on this machine keeps, in one folder. */
export interface StateFolder {
  readonly path: string;
  /** Made at the first start; marks every process that belongs to this folder. */
  readonly id: string;
  readonly secretsFolder: string;
  readonly logsFolder: string;
  readonly adminTokenPath: string;
  /** What the supervisor remembers of the database cluster. */
  readonly clusterRecordPath: string;
}

interface Identity {
  readonly id: string;
  /** Where the data is when the folder itself cannot be reached by the user that PostgreSQL runs as. */
  readonly dataFolder?: string;
}

const ownEntries = ['data', 'logs', 'secrets', 'admin-token', 'run.json', 'cluster.json', 'identity.json'];

/** Makes the folder with its secrets at the first start; later only reads it. */
export function openStateFolder(path: string): StateFolder {
  const folder = describeFolder(path, findStateFolder(path)?.id ?? createIdentity(path));
  mkdirSync(folder.logsFolder, { recursive: true });
  mkdirSync(folder.secretsFolder, { recursive: true, mode: 0o700 });
  readOrMakeSecret(join(folder.secretsFolder, 'token-key'));
  readOrMakeSecret(folder.adminTokenPath);
  // The services find all their secrets in one folder; users find the admin token at the top.
  linkSecret('../admin-token', join(folder.secretsFolder, 'admin-token'));
  makeServiceSecrets(folder.secretsFolder);
  return folder;
}

/** A folder for each service: a key that it alone has, and the hashes by which it knows the others' keys. */
function makeServiceSecrets(secretsFolder: string): void {
  const callers = serviceNames.map((service) => {
    const folder = join(secretsFolder, service);
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    for (const name of ['token-key', 'admin-token']) linkSecret(`../${name}`, join(folder, name));
    return [service, sha256(readOrMakeSecret(join(folder, 'service-key')))];
  });
  for (const service of serviceNames)
    writeJson(join(secretsFolder, service, 'callers.json'), Object.fromEntries(callers), 0o600);
  // Of earlier versions, in which all services had the same key.
  rmSync(join(secretsFolder, 'service-key'), { force: true });
}

function linkSecret(target: string, path: string): void {
  if (!existsSync(path)) symlinkSync(target, path);
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** The folder of a platform that was started before, or undefined. */
export function findStateFolder(path: string): StateFolder | undefined {
  const identity = readIdentity(path);
  return identity && describeFolder(path, identity.id);
}

function describeFolder(given: string, id: string): StateFolder {
  const path = resolve(given);
  return {
    path,
    id,
    secretsFolder: join(path, 'secrets'),
    logsFolder: join(path, 'logs'),
    adminTokenPath: join(path, 'admin-token'),
    clusterRecordPath: join(path, 'cluster.json'),
  };
}

function readIdentity(path: string): Identity | undefined {
  return readJson(join(path, 'identity.json')) as Identity | undefined;
}

function createIdentity(path: string): string {
  if (existsSync(path) && readdirSync(path).length > 0) {
    throw new Failure(`${path} holds something else. Name an empty or a new folder with --state.`);
  }
  mkdirSync(path, { recursive: true });
  const identity: Identity = { id: randomUUID() };
  writeJson(join(path, 'identity.json'), identity);
  return identity.id;
}

/** Where the data of this platform is; the default is a folder in the state folder. */
export function dataFolderOf(state: StateFolder): string {
  return readIdentity(state.path)?.dataFolder ?? join(state.path, 'data');
}

export function recordDataFolder(state: StateFolder, dataFolder: string): void {
  writeJson(join(state.path, 'identity.json'), { id: state.id, dataFolder } satisfies Identity);
}

/** A random secret, made at the first start and readable by its owner alone. */
export function readOrMakeSecret(path: string): string {
  if (!existsSync(path)) {
    writeFileAtomically(path, `${randomBytes(32).toString('hex')}\n`, 0o600);
  }
  return readFileSync(path, 'utf8').trim();
}

/** Deletes what the platform has put into its folder, and the folder itself when nothing else is in it. */
export function deleteStateFolder(state: StateFolder): void {
  for (const entry of ownEntries) rmSync(join(state.path, entry), { recursive: true, force: true });
  if (readdirSync(state.path).length === 0) rmdirSync(state.path);
}

export function readJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    // A file that was cut off by a power failure is worth as much as none.
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

export function writeJson(path: string, content: unknown, mode = 0o644): void {
  writeFileAtomically(path, `${JSON.stringify(content, null, 2)}\n`, mode);
}

function writeFileAtomically(path: string, content: string, mode: number): void {
  const temporary = `${path}.${process.pid}`;
  writeFileSync(temporary, content, { mode });
  // The mode above is cut by the umask.
  chmodSync(temporary, mode);
  renameSync(temporary, path);
}
