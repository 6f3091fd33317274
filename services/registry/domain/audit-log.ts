import type { Logger } from '#platform/logging/logger.js';

/** The latest entries are kept; all of them are in the process's log, with `audit: true`. */
const mostEntries = 1_000;

export type AuditAction =
  | 'fault-added'
  | 'fault-removed'
  /** Its time is up, or it has acted as often as it may. */
  | 'fault-ended'
  | 'trace-added'
  | 'trace-ended'
  | 'settings-changed'
  | 'balancing-changed'
  | 'member-drained'
  | 'member-undrained'
  | 'detector-switched'
  | 'transaction-repaired';

export interface AuditEntry {
  /** ISO 8601. */
  readonly at: string;
  /** The holder of the admin token, or the registry by itself. */
  readonly who: 'admin' | 'registry';
  readonly what: AuditAction;
  readonly detail: Readonly<Record<string, unknown>>;
}

/** Every change that somebody, or time, has made to what the control plane does to the shop. */
export class AuditLog {
  private readonly entries: AuditEntry[] = [];

  constructor(
    private readonly logger: Logger,
    private readonly now: () => Date = () => new Date(),
  ) {}

  add(who: AuditEntry['who'], what: AuditAction, detail: AuditEntry['detail']): void {
    const entry = { at: this.now().toISOString(), who, what, detail };
    this.entries.push(entry);
    if (this.entries.length > mostEntries) this.entries.shift();
    this.logger.info({ audit: true, ...entry }, what);
  }

  /** The latest first. */
  list(): readonly AuditEntry[] {
    return [...this.entries].reverse();
  }
}
