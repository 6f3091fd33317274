import { readFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';

/** The user that PostgreSQL, Redis and nginx run as when the launcher is root; PostgreSQL refuses root. */
export interface SystemUser {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

const preferredNames = ['postgres', '_postgres', 'nobody'];

/** Undefined when the launcher is an ordinary user, as whom everything runs then. */
export function findSystemUser(): SystemUser | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const users = parsePasswd(readFileSync('/etc/passwd', 'utf8'));
  const found = preferredNames.flatMap((name) => users.find((user) => user.name === name) ?? [])[0];
  if (!found)
    throw new Error(`none of the users ${preferredNames.join(', ')} exists, and PostgreSQL refuses root`);
  return found;
}

export function parsePasswd(text: string): SystemUser[] {
  return text.split('\n').flatMap((line) => {
    const [name = '', , uid, gid] = line.split(':');
    return uid === undefined || gid === undefined ? [] : [{ name, uid: Number(uid), gid: Number(gid) }];
  });
}

/** Whether that user may read, write or enter a path: asked of the system, which knows every rule. */
export function mayAccess(user: SystemUser, path: string, mode: 'r' | 'w' | 'x'): boolean {
  const { uid, gid } = user;
  return spawnSync('/bin/sh', ['-c', `test -${mode} "$0"`, path], { uid, gid, cwd: '/' }).status === 0;
}
