import type { LogRecord } from '#protocols/commit/messages.js';
import { SimulatedProcess } from '../kernel/simulated-process.js';

export interface LogWrite {
  readonly gid: number;
  readonly record: LogRecord;
}

/** Hears of every record that becomes durable. */
export type WatchLog = (write: LogWrite, term: number) => void;

/** How long the leadership lasts without being renewed. */
export const leaseMs = 1_200;

const none: readonly LogRecord[] = [];

/**
 * The coordinators' database: the log, with one record of each kind for a transaction, and the leadership. Both
 * coordinators share it; a group write locks the leadership's row, and writes nothing unless the term is its own.
 */
export class SharedLog {
  /** Takes part in partitions; a database itself neither crashes nor pauses. */
  readonly process = new SimulatedProcess('coordinator-database', false);
  /** Transactions with records, and without an end record. */
  readonly open = new Set<number>();
  protected readonly records = new Map<number, LogRecord[]>();
  protected leader = { term: 0, holder: '', renewedAtMs: -Infinity };

  constructor(private readonly watch: WatchLog) {
    this.process.isUp = true;
  }

  get term(): number {
    return this.leader.term;
  }

  /** False, and nothing is written, when the term is over. `torn`: only so many of the records reach the disk. */
  write(group: readonly LogWrite[], term: number, torn = group.length): boolean {
    if (!this.isCurrent(term)) return false;
    for (const write of group.slice(0, torn)) this.add(write, term);
    return true;
  }

  recordsOf(gid: number): readonly LogRecord[] {
    return this.records.get(gid) ?? none;
  }

  has(gid: number, kind: LogRecord['kind']): boolean {
    for (const record of this.recordsOf(gid)) if (record.kind === kind) return true;
    return false;
  }

  isVacant(nowMs: number): boolean {
    return nowMs - this.leader.renewedAtMs > leaseMs;
  }

  /** The new term of a coordinator that takes over; undefined while another holds the lease. */
  takeOver(holder: string, nowMs: number): number | undefined {
    if (!this.isVacant(nowMs)) return undefined;
    this.leader = { term: this.leader.term + 1, holder, renewedAtMs: nowMs };
    return this.leader.term;
  }

  /** False when the term is over. */
  renew(term: number, nowMs: number): boolean {
    if (term !== this.leader.term) return false;
    this.leader.renewedAtMs = nowMs;
    return true;
  }

  protected isCurrent(term: number): boolean {
    return term === this.leader.term;
  }

  private add(write: LogWrite, term: number): void {
    const { gid, record } = write;
    if (this.has(gid, record.kind)) return;
    const records = this.records.get(gid);
    if (records === undefined) this.records.set(gid, [record]);
    else records.push(record);
    if (record.kind === 'end') this.open.delete(gid);
    else if (!this.has(gid, 'end')) this.open.add(gid);
    this.watch(write, term);
  }
}
