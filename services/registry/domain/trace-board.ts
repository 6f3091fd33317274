import type { AuditLog } from './audit-log.js';

const mostTraces = 128;

/** Which requests are watched: their events are reported as they happen. */
export class TraceBoard {
  /** When each ends, by its correlation id. */
  private readonly endsAtMs = new Map<string, number>();
  private expiry: NodeJS.Timeout | undefined;

  constructor(
    private readonly audit: AuditLog,
    /** A request has come or gone: the processes are to be told. */
    private readonly changed: () => void,
    private readonly nowMs: () => number = () => performance.now(),
  ) {}

  add(correlationId: string, ttlMs: number): 'added' | 'limit-reached' {
    this.endExpired();
    if (this.endsAtMs.size >= mostTraces && !this.endsAtMs.has(correlationId)) return 'limit-reached';
    this.endsAtMs.set(correlationId, this.nowMs() + ttlMs);
    this.audit.add('admin', 'trace-added', { correlationId, ttlMs });
    this.update();
    return 'added';
  }

  correlationIds(): string[] {
    const now = this.nowMs();
    return [...this.endsAtMs]
      .filter(([, endsAtMs]) => endsAtMs > now)
      .map(([correlationId]) => correlationId);
  }

  close(): void {
    clearTimeout(this.expiry);
  }

  private endExpired(): void {
    for (const [correlationId, endsAtMs] of this.endsAtMs) {
      if (endsAtMs > this.nowMs()) continue;
      this.endsAtMs.delete(correlationId);
      this.audit.add('registry', 'trace-ended', { correlationId });
    }
  }

  private update(): void {
    clearTimeout(this.expiry);
    if (this.endsAtMs.size > 0) {
      const expire = (): void => {
        this.endExpired();
        this.update();
      };
      this.expiry = setTimeout(expire, Math.max(1, Math.min(...this.endsAtMs.values()) - this.nowMs()));
      this.expiry.unref();
    }
    this.changed();
  }
}
