import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';

import { waitFor } from '../../wait-for.js';
import type { DataFolders } from '../data-folder.js';
import { isGone, listProcesses, workingFolder } from '../process-table.js';
import { postgresAnswers } from '../readiness.js';
import type { ProcessPlan, StartReason } from '../supervisor.js';
import { passwordFileName } from './roles.js';
import { serverFolder } from './server-folder.js';

/** The process's name where there is one server and no cluster. */
export const aloneServer = 'postgres';

export interface ServerSettings {
  readonly maxConnections: number;
  readonly maxPreparedTransactions: number;
  readonly sharedBuffersMb: number;
  /** Whether the server stands alone, whatever it was before. */
  readonly alone: boolean;
}

export interface ServerPlan extends ServerSettings {
  /** Of the process, and of its log. */
  readonly name: string;
  /** Whose data folder it is. */
  readonly member: string;
  readonly port: number;
  readonly startAttempts?: number;
  /** Before every start: makes the data folder what the server is to be. */
  readonly prepare?: (reason: StartReason) => Promise<void>;
}

/**
 * What the servers of a cluster have in common: each may become the primary. PostgreSQL refuses a replica that has room
 * for fewer connections, prepared transactions or senders than its primary. What the supervisor changes while they run
 * (primary_conninfo, synchronous_standby_names, recovery_min_apply_delay …) must not be here: what stands on the command
 * line wins over ALTER SYSTEM.
 */
const replicationOptions = {
  wal_level: 'replica',
  max_wal_senders: 10,
  max_replication_slots: 10,
  // A slot keeps the WAL that a replica still needs; one that never returns must not fill the disk. It is cloned anew.
  max_slot_wal_keep_size: '1GB',
  wal_receiver_status_interval: '1s',
  // A replica looks for its primary this often; the default of 5 s would be most of a failover.
  wal_retrieve_retry_interval: '200ms',
  // A connection that was cut is noticed by both ends in this time, not in 60 s.
  wal_sender_timeout: '10s',
  wal_receiver_timeout: '10s',
  // With feedback a long read on a replica would keep dead rows alive on the primary. Instead such a read is cancelled,
  // when it has held up the replay for as long as max_standby_streaming_delay.
  hot_standby_feedback: 'off',
  max_standby_streaming_delay: '2s',
  // A clone is brought to disk at its first start: with one call instead of one for each of a thousand files.
  ...(process.platform === 'linux' && { recovery_init_sync_method: 'syncfs' }),
};

export function planServer(folders: DataFolders, plan: ServerPlan): ProcessPlan {
  const folder = serverFolder(folders, plan.member);
  const options: Record<string, string | number> = {
    port: plan.port,
    listen_addresses: '127.0.0.1',
    // A socket's path is limited to 107 characters, which a state folder may exceed; TCP has no such limit.
    unix_socket_directories: '',
    max_connections: plan.maxConnections,
    max_prepared_transactions: plan.maxPreparedTransactions,
    shared_buffers: `${plan.sharedBuffersMb}MB`,
    jit: 'off',
    // One disk and two cores: workers for reading ahead cost memory and gain nothing.
    io_method: 'sync',
    max_parallel_workers_per_gather: 0,
    autovacuum_max_workers: 2,
    ...replicationOptions,
    // A server that had replicas once waits for none of them.
    ...(plan.alone && { synchronous_standby_names: '', default_transaction_read_only: 'off' }),
  };
  return {
    name: plan.name,
    kind: 'postgres',
    port: plan.port,
    command: join(folders.postgresFolder, 'bin/postgres'),
    args: ['-D', folder, ...Object.entries(options).flatMap(([key, value]) => ['-c', `${key}=${value}`])],
    environment: serverEnvironment(folders),
    workingFolder: folders.dataFolder,
    user: folders.user,
    // Fast shutdown: sessions are ended, and a checkpoint makes the next start quick.
    stopSignal: 'SIGINT',
    inBackground: true,
    startAttempts: plan.startAttempts ?? 5,
    isReady: () => postgresAnswers(plan.port),
    beforeStart: async (reason) => {
      await clearPredecessor(folder, reason === 'replaced' ? 0 : predecessorTimeoutMs);
      await plan.prepare?.(reason);
    },
  };
}

export function serverEnvironment({ dataFolder }: DataFolders): Record<string, string> {
  return {
    PATH: process.env['PATH'] ?? '',
    LC_ALL: 'C',
    TZ: 'UTC',
    PGPASSFILE: join(dataFolder, passwordFileName),
  };
}

const predecessorTimeoutMs = 5_000;

/**
 * After a kill -9 the sessions of the dead server live on for a moment and hold its shared memory, and its
 * pid file names a pid that may meanwhile belong to another program: PostgreSQL refuses to start on either.
 */
async function clearPredecessor(folder: string, politeMs: number): Promise<void> {
  const remaining = (): number[] =>
    listProcesses()
      .filter(({ command, pid }) => command === 'postgres' && workingFolder(pid) === folder)
      .map(({ pid }) => pid);
  const allGone = (timeoutMs: number): Promise<true | undefined> =>
    waitFor(() => remaining().length === 0, { timeoutMs, intervalMs: 20 });
  if (!(await allGone(politeMs))) {
    for (const pid of remaining()) kill(pid);
    await allGone(predecessorTimeoutMs);
  }
  const pidFile = join(folder, 'postmaster.pid');
  if (!existsSync(pidFile)) return;
  const pid = Number(readFileSync(pidFile, 'utf8').split('\n')[0]);
  const holder = listProcesses().find((entry) => entry.pid === pid);
  if (holder?.command !== 'postgres') rmSync(pidFile, { force: true });
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if (!isGone(error)) throw error;
  }
}
