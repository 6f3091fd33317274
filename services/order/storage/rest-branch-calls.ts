import { actionOwner, type BranchAction, type BranchKey } from '#platform/participant/branch-handler.js';
import { branchAnswerSchema, branchPath } from '#platform/participant/branch-resource.js';
import type { RestClients } from '#platform/rest/rest-client.js';
import type { BranchCalls, BranchOutcome } from '../domain/branch-calls.js';

/** Branches in other services, over REST; the order's own is in this process. */
export class RestBranchCalls implements BranchCalls {
  constructor(
    private readonly clients: RestClients,
    private readonly own: BranchCalls,
  ) {}

  apply(key: BranchKey, action: BranchAction, deadlineAtMs: number): Promise<BranchOutcome> {
    if (actionOwner[action.$case] === 'order') return this.own.apply(key, action, deadlineAtMs);
    return this.put(key, action, { state: 'applied', action }, deadlineAtMs);
  }

  cancel(key: BranchKey, action: BranchAction, code: string, deadlineAtMs: number): Promise<BranchOutcome> {
    if (actionOwner[action.$case] === 'order') return this.own.cancel(key, action, code, deadlineAtMs);
    return this.put(key, action, { state: 'cancelled', action, code }, deadlineAtMs);
  }

  private async put(
    key: BranchKey,
    action: BranchAction,
    body: unknown,
    deadlineAtMs: number,
  ): Promise<BranchOutcome> {
    const result = await this.clients.call({
      name: action.$case,
      service: actionOwner[action.$case],
      method: 'PUT',
      path: branchPath(key),
      body,
      key: key.gid,
      deadlineAtMs,
      reply: branchAnswerSchema,
    });
    if (result.outcome === 'success') return result.reply;
    // Nobody got it, so that nothing was done.
    if (result.outcome === 'failure') return { outcome: 'refused', code: 'participant-unavailable' };
    return { outcome: 'unknown' };
  }
}
