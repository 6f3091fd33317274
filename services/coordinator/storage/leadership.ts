import { InjectedFault, type Failpoints } from '#platform/faults/failpoints.js';
import type { Logger } from '#platform/logging/logger.js';
import type { Metrics } from '#platform/metrics/metrics.js';
import type { Sql, Statement } from '#platform/postgres/database.js';

/** How soon it is tried again when the database could not be asked: after a failover nothing goes on without it. */
const againMs = 50;

/** How long the active coordinator may be silent before another takes over. */
export const leaseMs = 1_200;
/** How often the active one renews its lease, and a standby looks at it. */
export const renewMs = 250;

const lapsed = `(holder IS NULL OR renewed_at < clock_timestamp() - $1 * interval '1 millisecond')`;

const look: Statement<{ term: number }> = {
  name: 'leadership-look',
  text: `SELECT term FROM coordinator.leadership WHERE ${lapsed}`,
};

/**
 * FOR UPDATE waits for the log writes of the old term that are under way, which hold the row FOR KEY SHARE; whoever
 * comes after it finds the new term. Renewing the lease waits for neither.
 */
const takeOver: Statement<{ term: number }> = {
  name: 'leadership-take-over',
  text: `
    WITH vacant AS (SELECT term FROM coordinator.leadership WHERE ${lapsed} FOR UPDATE)
    UPDATE coordinator.leadership AS leadership
    SET term = greatest(vacant.term + 1, $3), holder = $2, renewed_at = clock_timestamp()
    FROM vacant WHERE leadership.term = vacant.term
    RETURNING leadership.term`,
};

const renew: Statement<{ term: number }> = {
  name: 'leadership-renew',
  text: 'UPDATE coordinator.leadership SET renewed_at = clock_timestamp() WHERE term = $1 RETURNING term',
};

const giveUp: Statement<never> = {
  name: 'leadership-give-up',
  text: 'UPDATE coordinator.leadership SET holder = NULL WHERE term = $1',
};

/** What a coordinator does when it becomes the active one, and when it no longer is. */
export interface Office {
  /** Nothing of an earlier term can be logged any more. */
  enter(term: number): Promise<void>;
  /** Another may be active already: whatever is under way must be let go. */
  leave(): void;
  /** Writes what is still to be written before the term is given up in order. */
  settle(): Promise<void>;
}

interface LeadershipParts {
  readonly sql: Sql;
  readonly processName: string;
  /** The lowest term that there may be now. */
  readonly firstTerm: () => number;
  readonly office: Office;
  readonly failpoints: Failpoints;
  readonly metrics: Metrics;
  readonly logger: Logger;
}

const nobody = { gid: '', correlationId: '' };

/**
 * Decides which of several coordinators is the active one, by a lease in the database (Gray and Cheriton, "Leases",
 * SOSP 1989), measured by the database's clock alone. A lease cannot stop a process that was paused, so every term has
 * a number that fences it: see transaction-log.ts.
 */
export class Leadership {
  private term: number | undefined;
  private timer: NodeJS.Timeout | undefined;
  private stopped = false;
  private isFailing = false;
  private round = Promise.resolve();
  private entering = Promise.resolve();
  private stopping: Promise<void> | undefined;

  constructor(private readonly parts: LeadershipParts) {}

  /** The term of this process; undefined while another is active. */
  get activeTerm(): number | undefined {
    return this.term;
  }

  /** Looks for the first time, so that the only coordinator is active when this resolves. */
  async start(): Promise<void> {
    this.round = this.oneRound();
    await this.round;
    await this.entering;
  }

  /** Another coordinator was found to be active, or may be. Does nothing when `term` is over already. */
  depose(term: number, why: string): void {
    if (this.term !== term) return;
    this.parts.logger.warn({ term, why }, 'no longer the active coordinator');
    this.leave();
  }

  /** What was decided since the last failover of the database may be lost: whoever is active begins again from the log. */
  beginAgain(why: string): void {
    if (this.term !== undefined) this.depose(this.term, why);
  }

  /** Hands over at once: a standby need not wait for the lease to end. */
  stop(): Promise<void> {
    this.stopping ??= this.handOver();
    return this.stopping;
  }

  private async handOver(): Promise<void> {
    this.stopped = true;
    clearTimeout(this.timer);
    const { term } = this;
    this.leave();
    await this.round;
    if (term === undefined) return;
    await this.parts.office.settle();
    await this.parts.sql.run(giveUp, [term]);
    this.parts.logger.info({ term }, 'gave up being the active coordinator');
  }

  private async oneRound(): Promise<void> {
    const wasFailing = this.isFailing;
    try {
      if (this.term === undefined) await this.look();
      else await this.renew(this.term);
      this.isFailing = false;
    } catch (error) {
      // The database decides; while it cannot be reached nobody can take over either.
      this.isFailing = true;
      if (!wasFailing)
        this.parts.logger.warn({ err: error }, 'the leadership of the coordinators cannot be looked at');
    }
    if (this.stopped) return;
    const next = (): void => {
      this.round = this.oneRound();
    };
    this.timer = setTimeout(next, this.isFailing ? againMs : renewMs);
  }

  private async renew(term: number): Promise<void> {
    const rows = await this.parts.sql.run(renew, [term]);
    if (rows.length === 0) this.depose(term, 'another coordinator has begun a new term');
  }

  private async look(): Promise<void> {
    const { sql, processName, firstTerm, failpoints, office, metrics, logger } = this.parts;
    if ((await sql.run(look, [leaseMs])).length === 0) return;
    try {
      await failpoints.hit('coordinator.takeover.before-log', nobody);
      const [won] = await sql.run(takeOver, [leaseMs, processName, firstTerm()]);
      if (won === undefined) return;
      await failpoints.hit('coordinator.takeover.after-log', nobody);
      if (this.stopped) {
        await sql.run(giveUp, [won.term]);
        return;
      }
      this.term = won.term;
    } catch (error) {
      if (!(error instanceof InjectedFault)) throw error;
      logger.warn({ err: error }, 'the takeover has failed; trying again');
      return;
    }
    metrics.coordinatorActive.set(1);
    metrics.coordinatorTerm.set(this.term);
    logger.info({ term: this.term }, 'now the active coordinator');
    // The lease is renewed meanwhile.
    this.entering = this.enter(office, this.term);
  }

  private async enter(office: Office, term: number): Promise<void> {
    try {
      await office.enter(term);
    } catch (error) {
      this.parts.logger.error({ err: error }, 'what was open cannot be taken up');
      this.depose(term, 'the log cannot be read');
    }
  }

  private leave(): void {
    if (this.term === undefined) return;
    this.term = undefined;
    this.parts.metrics.coordinatorActive.set(0);
    this.parts.office.leave();
  }
}
