/** How far a read of new products has come, as PostgreSQL tells it. */
export interface Seen {
  /** A pg_snapshot: which transactions had ended for the read, and which had not. */
  readonly snapshot: string;
  /** Up to where the log was written after that snapshot, and up to where it was on disk. */
  readonly written: bigint;
  readonly flushed: bigint;
}

/** Before every transaction. */
const beginning = '1:1:';

/**
 * From where on products are new: those of transactions that had not ended in a snapshot whose products have all been read. A
 * number alone would miss a transaction that commits later than one with a higher number.
 *
 * A server that crashes gives numbers again of which nothing has come to its disk. So a snapshot counts only when the log has
 * been flushed beyond it; until then what it shows is read once more. After a failover numbers begin anew somewhere before those
 * of the old primary, so that a watermark holds for one epoch alone.
 */
export class Watermark {
  /** A pg_snapshot. */
  since = beginning;
  private waiting: Pick<Seen, 'snapshot' | 'written'> | undefined;

  constructor(readonly epoch: number) {}

  /** To be called with each read of what is new since `since`, when that has been taken over. */
  pass({ snapshot, written, flushed }: Seen): void {
    this.waiting ??= { snapshot, written };
    if (flushed >= written) this.waiting = { snapshot, written };
    if (flushed < this.waiting.written) return;
    this.since = this.waiting.snapshot;
    this.waiting = undefined;
  }
}
