import type { Database, Statement } from '../postgres/database.js';

/** More than there can be takeovers in an epoch. */
const termsInEpoch = 1_000_000;

/**
 * The lowest term of a coordinator in an epoch of the database. A failover may lose the latest terms with all that was decided in
 * them: then no coordinator of before may be taken for one of after.
 */
export function firstTermOf(epoch: number): number {
  return epoch <= 1 ? 1 : (epoch - 1) * termsInEpoch + 1;
}

/** How long a message may wait for a higher term to be written down is bounded by the database's own timeouts. */
type Verdict = boolean | Promise<boolean>;

/**
 * The highest term of a coordinator that this service has heard of. A coordinator of a lower one was deposed: what it
 * says must not be acted upon. It is kept in the service's database for all copies of the service, and in memory so that
 * a message of the present term waits for nothing.
 */
export class Terms {
  private highest = 0;
  private readonly raise: Statement<{ term: number }>;
  private readonly read: Statement<{ term: number }>;

  constructor(
    private readonly database: Database,
    schema: string,
  ) {
    this.raise = {
      name: `${schema}-raise-term`,
      text: `UPDATE ${schema}.participant_term SET term = greatest(term, $1) RETURNING term`,
    };
    this.read = { name: `${schema}-read-term`, text: `SELECT term FROM ${schema}.participant_term` };
    database.members.onEpoch((epoch) => this.learn(firstTermOf(epoch) - 1));
  }

  /** At the start, before the first message. */
  async remember(): Promise<void> {
    const [row] = await this.database.run(this.read, []);
    if (row !== undefined) this.learn(row.term);
    this.learn(firstTermOf(this.database.members.epoch) - 1);
  }

  /** Another copy has heard of this term. */
  learn(term: number): void {
    this.highest = Math.max(this.highest, term);
  }

  /** Whether a message of this term may be acted upon. A higher one is durable before it is. */
  accepts(term: number): Verdict {
    return term > this.highest ? this.raiseTo(term) : term === this.highest;
  }

  private async raiseTo(term: number): Promise<boolean> {
    const [row] = await this.database.run(this.raise, [term]);
    this.learn(row?.term ?? term);
    return term === this.highest;
  }
}
