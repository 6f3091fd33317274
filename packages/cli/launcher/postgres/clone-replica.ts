import { chownSync, existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Client } from 'pg';

import type { Address } from '#platform/config/process-config.js';
import { primaryConninfo, slotOf } from '#platform/postgres/replication-names.js';

import { errorCode } from '../../error-code.js';
import type { SystemUser } from '../system-user.js';
import { takeBaseCopy } from './base-copy.js';
import { cloneOrderFile, standbyFile } from './server-folder.js';

export interface Clone {
  /** A session of a superuser at the primary. */
  readonly client: Client;
  readonly primaryFolder: string;
  readonly replica: string;
  readonly replicaFolder: string;
  /** The order that the copy executes. */
  readonly cloneOrder: number;
  readonly user: SystemUser | undefined;
}

/**
 * Makes a replica's data anew from the primary. What the folder held is deleted when the copy is complete. The slot is
 * made before the copy begins, so that the primary keeps all WAL that the copy needs to become consistent.
 */
export async function cloneReplica(clone: Clone): Promise<void> {
  const { client, primaryFolder, replica, replicaFolder, user } = clone;
  const unfinished = `${replicaFolder}.unfinished`;
  rmSync(unfinished, { recursive: true, force: true });
  await renewSlot(client, slotOf(replica));
  await takeBaseCopy({ client, from: primaryFolder, to: unfinished, user });
  writeServerFile(join(unfinished, standbyFile), '', user);
  writeServerFile(join(unfinished, cloneOrderFile), String(clone.cloneOrder), user);
  rmSync(replicaFolder, { recursive: true, force: true });
  renameSync(unfinished, replicaFolder);
}

const duplicateObject = '42710';

/** A slot that is there may have lost its WAL, and one that is in use belongs to a connection that is about to break. */
async function renewSlot(client: Client, slot: string): Promise<void> {
  await client.query(
    'SELECT pg_terminate_backend(active_pid, 5000) FROM pg_replication_slots WHERE slot_name = $1',
    [slot],
  );
  await client.query(
    'SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = $1',
    [slot],
  );
  try {
    await client.query('SELECT pg_create_physical_replication_slot($1, immediately_reserve => true)', [slot]);
  } catch (error) {
    // The supervisor has made it meanwhile, in the same way.
    if (errorCode(error) !== duplicateObject) throw error;
  }
}

const settingsFile = 'postgresql.auto.conf';
const replicaSettings = /^\s*(primary_conninfo|primary_slot_name)\b/;

/**
 * Says whom a stopped replica follows. These are the settings that the supervisor changes with ALTER SYSTEM, so they
 * stand in the same file; the others in it stay.
 */
export function writeReplicaSettings(
  folder: string,
  replica: string,
  primary: Address,
  user: SystemUser | undefined,
): void {
  const path = join(folder, settingsFile);
  const before = existsSync(path) ? readFileSync(path, 'utf8').trimEnd().split('\n') : [];
  const lines = [
    ...before.filter((line) => !replicaSettings.test(line)),
    `primary_conninfo = '${primaryConninfo(replica, primary)}'`,
    `primary_slot_name = '${slotOf(replica)}'`,
  ];
  writeServerFile(path, `${lines.join('\n')}\n`, user);
}

function writeServerFile(path: string, text: string, user: SystemUser | undefined): void {
  writeFileSync(path, text, { mode: 0o600 });
  if (user) chownSync(path, user.uid, user.gid);
}
