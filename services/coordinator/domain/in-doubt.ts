import type { Logger } from '#platform/logging/logger.js';
import type { Metrics } from '#platform/metrics/metrics.js';
import type { BranchInquiry } from '#platform/participant/participant-channels.js';
import type { Transaction } from '#platform/runtime/transaction-runtime.js';
import type { Trace } from '#platform/trace/trace.js';
import type { CommitProtocolName } from '#protocols/commit/catalogue.js';
import type { LogRecord, Outcome, Phase } from '#protocols/commit/messages.js';
import type { CoordinatorLog, LoggedTransaction } from './active-coordinator.js';

/** Why a transaction was aborted of which the log knows no decision. */
export const presumedAbortCode = 'coordinator-restarted';

/** Decisions that are remembered, so that the many branches and copies that ask do not cost a look into the log each. */
const mostRemembered = 1_024;

const presumesAbort: ReadonlySet<CommitProtocolName> = new Set(['2pc', 'tcc']);

interface Decision {
  readonly outcome: Outcome;
  readonly protocol: CommitProtocolName | undefined;
}

interface InDoubtParts {
  readonly log: CoordinatorLog;
  readonly isOpen: (gid: string) => boolean;
  readonly trace: Trace;
  readonly metrics: Metrics;
  readonly logger: Logger;
}

/**
 * Answers participants that wait for a decision which nobody will send any more (the inquiry of R*; Mohan, Lindsay and
 * Obermarck, TODS 1986, section 3): the decision is in the log, or the transaction is aborted (presumed abort). Unlike
 * there the abort is logged before it is told: the begin record is not forced, so that the transaction may be asked
 * for again, and must then not be committed.
 */
export class InDoubt {
  private readonly deciding = new Map<string, Promise<Decision | undefined>>();
  private readonly decided = new Map<string, Decision>();
  private isOpenTakenUp = false;

  constructor(private readonly parts: InDoubtParts) {}

  /** What earlier terms left open is under way: from here on, what nobody works on is nobody's. */
  begin(): void {
    this.isOpenTakenUp = true;
  }

  /** Whether the log holds, or will hold in a moment, how this transaction ended. */
  knows(gid: string): boolean {
    return this.decided.has(gid) || this.deciding.has(gid);
  }

  /** Waits for a decision that is being looked up or made. */
  async settled(gid: string): Promise<void> {
    await this.deciding.get(gid);
  }

  async answer(inquiry: BranchInquiry): Promise<void> {
    const { gid, branch } = inquiry;
    // Whoever works on the transaction, or is about to, will tell the branch. An abort that was presumed before could meet
    // the votes of the same transaction when it is taken up, and a commit of the other branches.
    if (!this.isOpenTakenUp || this.parts.isOpen(gid)) return;
    try {
      const decision = await this.decide(inquiry);
      if (decision === undefined) return;
      const phase = phaseOf(decision, inquiry.phase);
      if (phase === undefined) return;
      const { outcome } = decision;
      inquiry.tell(phase, outcome.outcome === 'committed' ? '' : outcome.code);
      this.parts.metrics.inDoubt.inc({ outcome: outcome.outcome });
      this.parts.logger.info({ gid, branch, phase }, 'a branch in doubt was told the decision');
    } catch (error) {
      // The participant asks again.
      this.parts.logger.warn({ err: error, gid }, 'a branch in doubt could not be answered');
    }
  }

  /** 3PC: a branch has decided by itself after its transaction was forgotten here. */
  async decidedAlone({ gid, branch, from }: BranchInquiry, outcome: 'committed' | 'aborted'): Promise<void> {
    const { log, trace, metrics, logger } = this.parts;
    const found = await log.read(gid);
    const decision = found === undefined ? undefined : decisionOf(found.records);
    if (found === undefined || decision === undefined || decision.outcome === outcome) return;
    const detail = `the coordinator decided ${decision.outcome}, branch ${branch} at ${from} ${outcome}`;
    metrics.transactionsDiverged.inc();
    logger.error({ gid, branches: [branch], messages: detail }, 'a transaction has diverged');
    trace.note(gid, found.transaction.correlationId, { kind: 'diverged', branches: [branch], detail });
    await log.append(found.transaction, { kind: 'diverged', branches: [branch] }, true);
  }

  private async decide(inquiry: BranchInquiry): Promise<Decision | undefined> {
    const { gid } = inquiry;
    const remembered = this.decided.get(gid);
    if (remembered !== undefined) return remembered;
    let deciding = this.deciding.get(gid);
    if (deciding === undefined) {
      deciding = this.lookUpOrAbort(gid).finally(() => this.deciding.delete(gid));
      this.deciding.set(gid, deciding);
    }
    return deciding;
  }

  private async lookUpOrAbort(gid: string): Promise<Decision | undefined> {
    const { log, isOpen } = this.parts;
    const found = await log.read(gid);
    // It has begun again meanwhile.
    if (isOpen(gid)) return undefined;
    const outcome = found === undefined ? undefined : decisionOf(found.records);
    // Of the other protocols' branches none waits for an abort that nobody has logged.
    const protocol = found?.transaction.protocol;
    if (outcome === undefined && protocol !== undefined && !presumesAbort.has(protocol)) return undefined;
    if (outcome === undefined) await this.presumeAbort(gid, found);
    const decision: Decision = {
      outcome: outcome ?? { outcome: 'aborted', code: presumedAbortCode },
      protocol,
    };
    this.remember(gid, decision);
    return decision;
  }

  private async presumeAbort(gid: string, found: LoggedTransaction | undefined): Promise<void> {
    const { log, trace, logger } = this.parts;
    const transaction: Transaction = found?.transaction ?? {
      gid,
      protocol: '2pc',
      branches: [],
      correlationId: gid,
    };
    void log.append(transaction, { kind: 'abort', code: presumedAbortCode }, true);
    await log.append(transaction, { kind: 'end' }, true);
    trace.note(gid, transaction.correlationId, { kind: 'logged', record: 'abort', forced: true });
    logger.warn({ gid }, 'a transaction without a decision was aborted');
  }

  private remember(gid: string, decision: Decision): void {
    this.decided.set(gid, decision);
    if (this.decided.size <= mostRemembered) return;
    for (const [oldest] of this.decided) {
      this.decided.delete(oldest);
      break;
    }
  }
}

/** Undefined where the log holds no decision. */
export function decisionOf(records: readonly LogRecord[]): Outcome | undefined {
  const aborted = records.find((record) => record.kind === 'abort');
  if (aborted !== undefined) return { outcome: 'aborted', code: aborted.code };
  return records.some(({ kind }) => kind === 'commit' || kind === 'pre-commit')
    ? { outcome: 'committed' }
    : undefined;
}

/** What the decision is called for a branch that waits; undefined where no protocol leaves one waiting. */
function phaseOf({ outcome, protocol }: Decision, asked: Phase | undefined): Phase | undefined {
  const isCommitted = outcome.outcome === 'committed';
  const name = protocol ?? (asked === 'try' ? 'tcc' : '2pc');
  switch (name) {
    case 'tcc':
      return isCommitted ? 'confirm' : 'cancel';
    case '2pc':
      return isCommitted ? 'commit' : 'abort';
    case '3pc':
      return isCommitted ? 'do-commit' : 'abort';
    case 'saga':
    case 'none':
      return undefined;
  }
}
