import { setTimeout as delay } from 'node:timers/promises';

import type { DatabaseMember } from '#platform/config/process-config.js';
import { readClusterRecord, type ClusterRecord } from '#platform/postgres/cluster-record.js';

import type { DataFolders } from '../data-folder.js';
import type { PlannedMember } from '../plan.js';
import type { StateFolder } from '../state-folder.js';
import type { ProcessPlan, StartReason } from '../supervisor.js';
import { cloneReplica, writeReplicaSettings } from './clone-replica.js';
import { decideStart, mustBeReplaced } from './decide-start.js';
import { asSuperuser, isWritable } from './roles.js';
import { planServer, type ServerSettings } from './server.js';
import { inspectFolder, serverFolder } from './server-folder.js';

export interface ServersOptions {
  readonly state: StateFolder;
  readonly folders: DataFolders;
  readonly recordPath: string;
  /** With the addresses at which the servers listen. */
  readonly members: readonly DatabaseMember[];
  /** Where replicas find each member when it is the primary; the members' own addresses where nothing lies between. */
  readonly replicationMembers?: readonly DatabaseMember[];
  readonly settings: Omit<ServerSettings, 'alone'>;
  /** Whether a supervisor runs. */
  readonly isSupervised: () => boolean;
  /** How many other members run. */
  readonly liveOthers: (member: string) => number;
  readonly quickDeaths: (member: string) => number;
  readonly onLine: (text: string) => void;
}

const decideEveryMs = 50;
const watchEveryMs = 100;
const failedCloneDelayMs = 500;
const serveEveryMs = 500;

export type PrimaryWork = (primary: DatabaseMember) => Promise<void>;

/**
 * Runs the servers of a cluster as its record says: who is not the primary starts as a replica, cloned where it must be;
 * a primary that died waits until another has been promoted.
 */
export class Servers {
  private isClosed = false;
  private readonly complaints = new Map<string, string>();
  /** The primary that the record names, and since when. */
  private named = { primary: '', sinceMs: 0 };
  private servedEpoch: number | undefined;

  constructor(private readonly options: ServersOptions) {}

  plan({ name: member, port }: Pick<PlannedMember, 'name' | 'port'>): ProcessPlan {
    const { folders, settings } = this.options;
    const prepare = (reason: StartReason): Promise<void> => this.prepare(member, reason);
    // One that ends again and again is cloned anew, so that no number of attempts is the last.
    const startAttempts = Number.POSITIVE_INFINITY;
    return planServer(folders, {
      ...settings,
      name: member,
      member,
      port,
      alone: false,
      startAttempts,
      prepare,
    });
  }

  /** Who is, or is about to be, the primary. */
  get primary(): string {
    return this.readRecord().primary;
  }

  /** Whether a replica has no data yet: the copy keeps the disk busy. */
  get mustClone(): boolean {
    return this.options.members.some(({ name }) => !inspectFolder(this.folderOf(name)).exists);
  }

  /** Calls `replace` for each server that runs as something else than the record says, until this is closed. */
  async watch(replace: (member: string) => void): Promise<void> {
    const { members } = this.options;
    while (!this.isClosed) {
      const record = this.readRecord();
      for (const { name } of members)
        if (mustBeReplaced(name, record, inspectFolder(this.folderOf(name)))) replace(name);
      await delay(watchEveryMs, undefined, { ref: false });
    }
  }

  /**
   * Does `work` on the primary, once in each epoch and as soon as it takes writes, until this is closed. A replica that is
   * promoted may not have been told of what was done on the primary before it.
   */
  async serveEachPrimary(work: PrimaryWork): Promise<void> {
    while (!this.isClosed) {
      try {
        await this.servePrimary(work);
      } catch (error) {
        this.complain(this.primary, `cannot be prepared yet: ${messageOf(error)}`);
      }
      await delay(serveEveryMs, undefined, { ref: false });
    }
  }

  /** Does nothing where the primary waits for its promotion, or has been served in this epoch. */
  async servePrimary(work: PrimaryWork): Promise<void> {
    const { state, members } = this.options;
    const { epoch, primary } = this.readRecord();
    const member = members.find(({ name }) => name === primary);
    if (member === undefined || epoch === this.servedEpoch) return;
    if (!(await isWritable(state, member.port))) return;
    await work(member);
    this.servedEpoch = epoch;
  }

  /** No start waits any longer, and no replica is replaced. */
  close(): void {
    this.isClosed = true;
  }

  private async prepare(member: string, reason: StartReason): Promise<void> {
    const sinceMs = performance.now();
    let waiting = false;
    while (!this.isClosed) {
      const record = this.readRecord();
      const decision = decideStart({
        member,
        record,
        folder: inspectFolder(this.folderOf(member)),
        reason,
        quickDeaths: this.options.quickDeaths(member),
        heldMs: performance.now() - sinceMs,
        liveOthers: this.options.liveOthers(member),
        isSupervised: this.options.isSupervised(),
        primaryForMs: performance.now() - this.named.sinceMs,
      });
      if (decision === 'start') {
        this.follow(member, record);
        return;
      }
      if (decision === 'clone' && (await this.clone(member, record))) {
        this.follow(member, this.readRecord());
        return;
      }
      if (decision === 'wait' && !waiting && member === record.primary) {
        waiting = true;
        this.options.onLine(`! ${member} is held back until a replica has been promoted`);
      }
      await delay(decideEveryMs);
    }
  }

  /** Answers whether the copy was made; not while the primary does not write. */
  private async clone(member: string, record: ClusterRecord): Promise<boolean> {
    const { state, folders, onLine } = this.options;
    const primary = this.options.members.find(({ name }) => name === record.primary);
    if (primary === undefined) return false;
    try {
      await asSuperuser(state, primary.port, async (client) => {
        const answer = await client.query<{ waiting: boolean }>('SELECT pg_is_in_recovery() AS waiting');
        if (answer.rows[0]?.waiting !== false) throw new Error(`${primary.name} is not promoted yet`);
        await cloneReplica({
          client,
          primaryFolder: this.folderOf(primary.name),
          replica: member,
          replicaFolder: this.folderOf(member),
          cloneOrder: record.cloneOrders[member] ?? 0,
          user: folders.user,
        });
      });
      this.complaints.delete(member);
      onLine(`  ${member} has been cloned from ${primary.name}`);
      return true;
    } catch (error) {
      this.complain(member, `cannot be cloned yet: ${messageOf(error)}`);
      await delay(failedCloneDelayMs);
      return false;
    }
  }

  /** Says once why a server is not yet what it is to be. */
  private complain(member: string, text: string): void {
    if (this.isClosed || this.complaints.get(member) === text) return;
    this.complaints.set(member, text);
    this.options.onLine(`! ${member} ${text}`);
  }

  private follow(member: string, { primary }: ClusterRecord): void {
    if (member === primary) return;
    const { members, replicationMembers = members, folders } = this.options;
    const address = replicationMembers.find(({ name }) => name === primary);
    if (address) writeReplicaSettings(this.folderOf(member), member, address, folders.user);
  }

  private readRecord(): ClusterRecord {
    const record = readClusterRecord(this.options.recordPath);
    if (record === undefined) throw new Error(`${this.options.recordPath} is gone`);
    if (record.primary !== this.named.primary)
      this.named = { primary: record.primary, sinceMs: performance.now() };
    return record;
  }

  private folderOf(member: string): string {
    return serverFolder(this.options.folders, member);
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
