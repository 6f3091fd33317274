import type { Logger } from '#platform/logging/logger.js';
import type { BranchAction, BranchKey } from '#platform/participant/branch-handler.js';
import { applyBranch, cancelBranch } from '#platform/participant/local-branch.js';
import type { Participant } from '#platform/participant/participant.js';
import type { Sql } from '#platform/postgres/database.js';
import type { BranchCalls, BranchOutcome } from '../domain/branch-calls.js';

/** Branches in this process, each in a local transaction of the database that it is about. */
export class LocalBranchCalls implements BranchCalls {
  constructor(
    private readonly sqlOf: (key: BranchKey, action: BranchAction) => Sql,
    private readonly participant: Participant,
    private readonly logger: Logger,
  ) {}

  apply(key: BranchKey, action: BranchAction): Promise<BranchOutcome> {
    return this.known(key, () => applyBranch(this.localBranch(key, action)));
  }

  cancel(key: BranchKey, action: BranchAction, code: string): Promise<BranchOutcome> {
    return this.known(key, () => cancelBranch(this.localBranch(key, action), code));
  }

  private localBranch(key: BranchKey, action: BranchAction): Parameters<typeof applyBranch>[0] {
    return { sql: this.sqlOf(key, action), handler: this.participant.handler(action), key, action };
  }

  /** A database that does not answer may have done what it was asked for. */
  private async known(key: BranchKey, work: () => Promise<BranchOutcome>): Promise<BranchOutcome> {
    try {
      return await work();
    } catch (error) {
      this.logger.warn({ err: error, ...key }, 'it is not known whether a branch was carried out');
      return { outcome: 'unknown' };
    }
  }
}
