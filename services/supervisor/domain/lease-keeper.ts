import type { Logger } from '#platform/logging/logger.js';
import { timings } from '#protocols/failover/cluster.js';

/** What a server's clock said, and between which moments of the supervisor's own. */
export interface ClockReading {
  /** As PostgreSQL writes it. */
  readonly clock: string;
  readonly askedAtMs: number;
  readonly readAtMs: number;
}

export interface LeaseContent {
  readonly epoch: number;
  readonly synchronous: string;
  readonly synchronousReplicas: number;
}

export interface LeaseHolder {
  readonly name: string;
  readClock(): Promise<ClockReading>;
  /** @returns the clock as it was when the lease had been renewed */
  renew(reading: ClockReading, content: LeaseContent): Promise<ClockReading>;
}

/** What the decisions must know of every renewal. */
export interface LeaseBook {
  /** One is about to be sent, so the lease may last from this reading on. */
  renewing(reading: ClockReading): void;
  renewed(content: LeaseContent, reading: ClockReading): void;
}

/** Renews the lease of one primary after another, one renewal at a time. */
export class LeaseKeeper {
  private reading: { readonly holder: string; readonly clock: ClockReading } | undefined;
  private inForce: LeaseContent | undefined;
  private startedAtMs = Number.NEGATIVE_INFINITY;
  private busy = false;
  private isFailing = false;

  constructor(
    private readonly book: LeaseBook,
    private readonly nowMs: () => number,
    private readonly logger: Logger,
    /** Replicas tell by the renewals how far they are behind. */
    private readonly renewMs: number = timings.renewMs,
  ) {}

  /** What the primary's lease says, as far as it has been confirmed. */
  get confirmed(): LeaseContent | undefined {
    return this.inForce;
  }

  /** Renews when it is time, or when what the lease says has changed. */
  keep(holder: LeaseHolder, content: LeaseContent): void {
    const isDue = this.nowMs() - this.startedAtMs >= this.renewMs;
    if (this.busy || (!isDue && isSame(content, this.inForce))) return;
    this.busy = true;
    this.startedAtMs = this.nowMs();
    void this.renew(holder, content).finally(() => (this.busy = false));
  }

  private async renew(holder: LeaseHolder, content: LeaseContent): Promise<void> {
    try {
      const clock = this.usableReading(holder) ?? (await holder.readClock());
      this.reading = undefined;
      this.book.renewing(clock);
      const next = await holder.renew(clock, content);
      this.book.renewed(content, clock);
      this.reading = { holder: holder.name, clock: next };
      this.inForce = content;
      this.isFailing = false;
    } catch (error) {
      this.inForce = undefined;
      if (!this.isFailing)
        this.logger.warn({ err: error, member: holder.name }, 'the lease could not be renewed');
      this.isFailing = true;
    }
  }

  /** An old one would make a lease that is over soon. */
  private usableReading({ name }: LeaseHolder): ClockReading | undefined {
    if (this.reading?.holder !== name) return undefined;
    const { clock } = this.reading;
    return this.nowMs() - clock.readAtMs < timings.leaseMs / 3 ? clock : undefined;
  }
}

function isSame(one: LeaseContent, other: LeaseContent | undefined): boolean {
  return (
    one.epoch === other?.epoch &&
    one.synchronous === other.synchronous &&
    one.synchronousReplicas === other.synchronousReplicas
  );
}
