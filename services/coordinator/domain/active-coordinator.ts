import type { Logger } from '#platform/logging/logger.js';
import type {
  Ending,
  Transaction,
  TransactionLog,
  TransactionRuntime,
} from '#platform/runtime/transaction-runtime.js';
import type { InDoubt } from './in-doubt.js';
import type { RepairResult, Repairs } from './repair.js';
import type { LogRecord } from '#protocols/commit/messages.js';

/** What the log knows of a transaction; the records in the order of writing. */
export interface LoggedTransaction {
  readonly transaction: Transaction;
  readonly records: readonly LogRecord[];
  /** How far the repair of its divergence has come. */
  readonly repair?: 'undoing' | 'repaired';
}

/** A record as it is on disk. */
export interface RecordOnDisk {
  readonly kind: string;
  /** The code of an abort, the branches that diverged, or how a repair ended. */
  readonly detail: string;
  readonly term: number;
  readonly loggedAtMs: number;
}

/**
 * How a transaction ended. `presumed`: it was aborted on behalf of a branch in doubt while the log knew nothing else of it,
 * so that its other branches have not been told.
 */
export type LoggedOutcome = { outcome: 'committed' } | { outcome: 'aborted'; code: string; presumed?: true };

/** The log as one term's coordinator has it. */
export interface CoordinatorLog extends TransactionLog {
  /** The transactions that had not ended. */
  readOpen(): Promise<LoggedTransaction[]>;
  /** Spares the next `readOpen` what has ended by now. Does not throw. */
  passEnded(): Promise<void>;
  /** With all that was appended before; undefined when it was never heard of. */
  read(gid: string): Promise<LoggedTransaction | undefined>;
  /** The record of a repair, on disk when it resolves; LogRecord is the protocols' alone. */
  appendRepair(transaction: Transaction, kind: 'undoing' | 'repaired', detail: string): Promise<void>;
  outcomeOf(gid: string): Promise<LoggedOutcome | undefined>;
  /** Resolves when all that was appended is on disk, or can never be. */
  flushed(): Promise<void>;
}

/** What a coordinator works with during one term; nothing of it outlives the term. */
export interface Term {
  readonly number: number;
  readonly log: CoordinatorLog;
  readonly runtime: TransactionRuntime;
  readonly inDoubt: InDoubt;
  readonly repairs: Repairs;
  readonly channels: { ready(): Promise<void>; close(): void };
}

/** Lets callers in while this coordinator is the active one. */
interface Door {
  resume(): void;
  suspend(): void;
}

/** How long a coordinator that hands over waits for the last records; nobody depends on them. */
const settleMs = 1_000;

/** How much of the log a takeover reads: what began in this time, and what was open before it. */
const passEndedEveryMs = 10_000;

/** The coordinator while it is the active one: takes up what is open, and lets go of it when its term ends. */
export class ActiveCoordinator {
  private term: Term | undefined;
  private left: Term | undefined;
  private passing: NodeJS.Timeout | undefined;

  constructor(
    private readonly open: (term: number) => Term,
    private readonly door: Door,
    private readonly logger: Logger,
  ) {}

  /** Undefined while another coordinator is active. */
  get termNumber(): number | undefined {
    return this.term?.number;
  }

  /** Takes up what was open, before the first new transaction is let in. */
  async enter(number: number): Promise<void> {
    const term = this.open(number);
    this.term = term;
    const [open] = await Promise.all([term.log.readOpen(), term.channels.ready()]);
    if (this.term !== term) return;
    for (const { transaction, records } of open) term.runtime.recover(transaction, records, number);
    if (open.length > 0) this.logger.info({ transactions: open.length }, 'recovered open transactions');
    term.inDoubt.begin();
    this.passing = setInterval(() => void term.log.passEnded(), passEndedEveryMs).unref();
    this.door.resume();
  }

  leave(): void {
    const { term } = this;
    if (term === undefined) return;
    this.term = undefined;
    clearInterval(this.passing);
    this.left = term;
    this.door.suspend();
    term.runtime.drop();
    term.repairs.close();
    term.channels.close();
  }

  async settle(): Promise<void> {
    const inTime = new Promise<void>((resolve) => setTimeout(resolve, settleMs).unref());
    await Promise.race([this.left?.log.flushed(), inTime]);
  }

  /**
   * Runs a transaction to its end, joins it when it is under way, or tells how it ended. `resumed`: it may have been
   * asked for before.
   */
  async execute(transaction: Transaction, resumed: boolean): Promise<Ending | 'overloaded'> {
    const { term } = this;
    if (term === undefined) return 'dropped';
    const { gid } = transaction;
    const { log, runtime, inDoubt } = term;
    while (!runtime.isOpen(gid) && (resumed || inDoubt.knows(gid))) {
      await inDoubt.settled(gid);
      const decided = await log.outcomeOf(gid);
      if (decided?.outcome === 'aborted' && decided.presumed === true)
        return abortAll(term, transaction, decided.code);
      if (decided !== undefined) return decided;
      // It may have been aborted, on behalf of a branch in doubt, while the log was read.
      if (!inDoubt.knows(gid)) break;
    }
    return runtime.execute(transaction, resumed);
  }

  /** Repairs what has diverged; `standby`: another coordinator can. */
  repair(gid: string): Promise<RepairResult> | 'standby' {
    return this.term?.repairs.repair(gid) ?? 'standby';
  }
}

/** The caller brings the branches that the log did not know: each learns that its transaction was aborted. */
function abortAll(
  { runtime, number }: Term,
  transaction: Transaction,
  code: string,
): Promise<Ending> | 'overloaded' {
  runtime.recover(transaction, [{ kind: 'begin' }, { kind: 'abort', code }], number);
  return runtime.execute(transaction);
}
