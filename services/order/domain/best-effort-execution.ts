import type { Logger } from '#platform/logging/logger.js';
import type { BranchAction, BranchKey } from '#platform/participant/branch-handler.js';
import type { BranchCalls } from './branch-calls.js';
import { branchesOf } from './branches.js';
import type { ExecutionResult, OrderExecution, PricedOrder } from './order-execution.js';
import type { Order, Orders } from './orders.js';

interface Call {
  readonly key: BranchKey;
  readonly action: BranchAction;
}

/** The sequence leaves as much of its time for undoing what it did. */
const callShare = 0.75;

/**
 * The execution of the stages with several databases and no coordinator: one local transaction after the other ("best efforts
 * one-phase commit"). A refusal is undone. When an answer is missing, or the process dies in between, some of the branches are
 * done and some are not, and nobody goes on unless the customer asks again under the same key.
 */
export class BestEffortExecution implements OrderExecution {
  constructor(
    private readonly orders: Orders,
    private readonly calls: BranchCalls,
    private readonly logger: Logger,
  ) {}

  protocolOf(): 'best-effort' {
    return 'best-effort';
  }

  async place(order: PricedOrder, deadlineAtMs: number): Promise<ExecutionResult> {
    const added = await this.orders.add(order);
    return added === 'duplicate' ? { outcome: 'duplicate' } : this.resume(order, deadlineAtMs);
  }

  async resume(order: Order, deadlineAtMs: number): Promise<ExecutionResult> {
    const nowMs = Date.now();
    const callsEndAtMs = nowMs + (deadlineAtMs - nowMs) * callShare;
    const done: Call[] = [];
    for (const call of callsOf(order)) {
      const result = await this.calls.apply(call.key, call.action, callsEndAtMs);
      if (result.outcome === 'unknown') return result;
      if (result.outcome === 'refused') return this.reject(order, done, result.code, deadlineAtMs);
      done.push(call);
    }
    return { outcome: 'committed' };
  }

  /** The last that was done is undone first. */
  private async reject(
    order: Order,
    done: readonly Call[],
    code: string,
    deadlineAtMs: number,
  ): Promise<ExecutionResult> {
    for (const { key, action } of done.toReversed()) {
      const result = await this.calls.cancel(key, action, code, deadlineAtMs);
      if (result.outcome === 'done') continue;
      const { gid, branch } = key;
      this.logger.error({ gid, branch, result }, 'a branch could not be undone, and nobody will try again');
      return { outcome: 'unknown' };
    }
    await this.orders.reject(order.id, code);
    return { outcome: 'rejected', code };
  }
}

function callsOf(order: Order): Call[] {
  return branchesOf(order).flatMap(({ action }, branch) =>
    action === undefined ? [] : [{ key: { gid: order.id, branch }, action }],
  );
}
