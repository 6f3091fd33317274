import type { Logger } from '#platform/logging/logger.js';
import type { Transaction } from '#platform/runtime/transaction-runtime.js';
import type { Trace } from '#platform/trace/trace.js';
import type { CoordinatorLog } from './active-coordinator.js';
import { decisionOf } from './in-doubt.js';

export type RepairResult =
  /** What was missing has been done. */
  | 'committed'
  /** What was missing was refused, so the rest has been undone. */
  | 'undone'
  | 'nothing-to-repair'
  | 'unknown-transaction';

/** What a branch is asked for in a repair. Both have one effect, however often they are asked for. */
export type RepairPhase = 'redo' | 'cancel';

/** Sends to the branch of a transaction; may lose it. */
export interface RepairSender {
  sendRepair(transaction: Transaction, branch: number, phase: RepairPhase, code: string): void;
}

interface RepairParts {
  readonly log: CoordinatorLog;
  readonly sender: RepairSender;
  readonly isOpen: (gid: string) => boolean;
  readonly trace: Trace;
  readonly logger: Logger;
}

interface Asking {
  readonly phase: RepairPhase;
  readonly unanswered: Set<number>;
  refused: boolean;
  readonly answered: () => void;
}

/** What an order is told that was undone in a repair. */
const undoneCode = 'aborted-alone';
const askAgainMs = 500;

/**
 * Brings the branches of a transaction that has diverged to one end: forward while nothing has been undone, by running
 * what a branch has aborted by itself; where that is refused, backward. All branches are asked, since those that are
 * right already only say so. Turning back is logged before anything is undone, and the end after everything has
 * answered, so that a repair that was cut off can be repeated.
 */
export class Repairs {
  private readonly running = new Map<string, Promise<RepairResult>>();
  private readonly asking = new Map<string, Asking>();
  private isClosed = false;

  constructor(private readonly parts: RepairParts) {}

  /** Goes on, also when nobody waits any more; whoever asks meanwhile waits for the same repair. */
  repair(gid: string): Promise<RepairResult> {
    let running = this.running.get(gid);
    if (running === undefined) {
      running = this.run(gid).finally(() => this.running.delete(gid));
      this.running.set(gid, running);
    }
    return running;
  }

  receive(gid: string, branch: number, phase: RepairPhase, result: 'done' | 'refused'): void {
    const asking = this.asking.get(gid);
    if (asking?.phase !== phase || !asking.unanswered.delete(branch)) return;
    if (result === 'refused') asking.refused = true;
    if (asking.unanswered.size === 0) asking.answered();
  }

  close(): void {
    this.isClosed = true;
    for (const { answered } of this.asking.values()) answered();
  }

  private async run(gid: string): Promise<RepairResult> {
    const { log, isOpen, logger } = this.parts;
    const found = await log.read(gid);
    if (found === undefined) return 'unknown-transaction';
    const { transaction, records, repair } = found;
    if (isOpen(gid) || repair === 'repaired' || !records.some(({ kind }) => kind === 'diverged'))
      return 'nothing-to-repair';
    const isCommitted = decisionOf(records)?.outcome === 'committed';
    if (repair !== 'undoing' && isCommitted && (await this.all(transaction, 'redo', '')) === 'done') {
      await this.note(transaction, 'repaired', 'committed');
      logger.info({ gid }, 'a transaction that had diverged is committed everywhere');
      return 'committed';
    }
    if (repair !== 'undoing') await this.note(transaction, 'undoing', undoneCode);
    await this.all(transaction, 'cancel', undoneCode);
    await this.note(transaction, 'repaired', 'undone');
    logger.warn({ gid }, 'a transaction that had diverged was undone everywhere');
    return 'undone';
  }

  private async note(transaction: Transaction, kind: 'undoing' | 'repaired', detail: string): Promise<void> {
    const { gid, correlationId } = transaction;
    await this.parts.log.appendRepair(transaction, kind, detail);
    this.parts.trace.note(gid, correlationId, { kind: 'logged', record: `${kind} ${detail}`, forced: true });
  }

  /** Asks all branches until they have answered. */
  private async all(transaction: Transaction, phase: RepairPhase, code: string): Promise<'done' | 'refused'> {
    const { gid, branches } = transaction;
    const unanswered = new Set(branches.keys());
    const ask = (): void => {
      for (const branch of unanswered) this.parts.sender.sendRepair(transaction, branch, phase, code);
    };
    const timer = setInterval(ask, askAgainMs);
    try {
      const asking = await new Promise<Asking>((resolve) => {
        const started: Asking = { phase, unanswered, refused: false, answered: () => resolve(started) };
        this.asking.set(gid, started);
        ask();
      });
      if (this.isClosed)
        throw new Error('The repair was cut off: this coordinator is no longer the active one');
      return asking.refused ? 'refused' : 'done';
    } finally {
      clearInterval(timer);
      this.asking.delete(gid);
    }
  }
}
