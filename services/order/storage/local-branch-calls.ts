import { setTimeout as delay } from 'node:timers/promises';
import type { ContextDatabases } from '#platform/contexts/context-databases.js';
import type { Logger } from '#platform/logging/logger.js';
import type { BranchAction, BranchKey } from '#platform/participant/branch-handler.js';
import { applyBranch, cancelBranch, type LocalBranch } from '#platform/participant/local-branch.js';
import type { Participant } from '#platform/participant/participant.js';
import type { Database } from '#platform/postgres/database.js';
import type { BranchCalls, BranchOutcome } from '../domain/branch-calls.js';
import { shardOfOrder } from '../domain/order-shards.js';

/** The pause after an attempt that has failed. */
const againMs = 50;

/**
 * Branches whose data is in databases of this process: each is one local transaction, a single statement that touches the data and
 * the fence. Since the fence gives a repeated call one effect, a call whose answer is lost is made again until the deadline: only
 * when nothing was heard until then nobody knows what was done. What waits for a lock at the deadline may still be done later.
 */
export class LocalBranchCalls implements BranchCalls {
  constructor(
    private readonly databases: ContextDatabases,
    private readonly participant: Pick<Participant, 'handler'>,
    private readonly logger: Logger,
  ) {}

  apply(key: BranchKey, action: BranchAction, deadlineAtMs: number): Promise<BranchOutcome> {
    return this.answerOf(key, deadlineAtMs, () => applyBranch(this.branchOf(key, action)));
  }

  cancel(key: BranchKey, action: BranchAction, code: string, deadlineAtMs: number): Promise<BranchOutcome> {
    return this.answerOf(key, deadlineAtMs, () => cancelBranch(this.branchOf(key, action), code));
  }

  private branchOf(key: BranchKey, action: BranchAction): LocalBranch {
    return { sql: this.databaseOf(key, action), handler: this.participant.handler(action), key, action };
  }

  private databaseOf({ gid }: BranchKey, action: BranchAction): Database {
    const { databases } = this;
    switch (action.$case) {
      case 'reserveStock':
        return databases.inventory.database;
      case 'debitAccount':
        return databases.account.database;
      case 'confirmOrder': {
        const shard = databases.orders[shardOfOrder(gid, databases.orders.length)];
        if (shard === undefined) throw new Error(`Order ${gid} has no shard`);
        return shard.database;
      }
    }
  }

  /** `unknown` at the deadline, whatever is still under way then. */
  private async answerOf(
    key: BranchKey,
    deadlineAtMs: number,
    call: () => Promise<BranchOutcome>,
  ): Promise<BranchOutcome> {
    const waiting = new AbortController();
    const late = delay(Math.max(0, deadlineAtMs - Date.now()), { outcome: 'unknown' } as const, {
      signal: waiting.signal,
    });
    late.catch(() => undefined);
    try {
      return await Promise.race([this.callUntilAnswered(key, deadlineAtMs, call), late]);
    } finally {
      waiting.abort();
    }
  }

  private async callUntilAnswered(
    key: BranchKey,
    deadlineAtMs: number,
    call: () => Promise<BranchOutcome>,
  ): Promise<BranchOutcome> {
    for (;;) {
      try {
        return await call();
      } catch (error) {
        this.logger.warn({ err: error, ...key }, 'a branch was not answered');
      }
      if (Date.now() + againMs >= deadlineAtMs) return { outcome: 'unknown' };
      await delay(againMs);
    }
  }
}
