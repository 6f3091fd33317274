import type { Sql } from '../postgres/database.js';
import type { BranchAction, BranchHandler, BranchKey } from './branch-handler.js';
import type { BranchAnswer } from './branch-resource.js';

/** A branch by itself, in a local transaction: nobody coordinates it with the others. */
export interface LocalBranch {
  readonly sql: Sql;
  readonly handler: BranchHandler;
  readonly key: BranchKey;
  readonly action: BranchAction;
}

/** Does the work, unless it was done, refused or undone before. @throws Error when it cannot know what was done */
export async function applyBranch({ sql, handler, key, action }: LocalBranch): Promise<BranchAnswer> {
  const applied = await handler.apply(sql, key, action);
  if (applied.result === 'refused') return { outcome: 'refused', code: applied.code };
  // Also when it was done before: whoever did it may not have lived to tell.
  handler.changed?.(action);
  return { outcome: 'done' };
}

/** Undoes the work, and sees to it that it is not done later. @throws Error when it cannot know whether it is undone */
export async function cancelBranch(
  { sql, handler, key, action }: LocalBranch,
  code: string,
): Promise<BranchAnswer> {
  const { fence } = await handler.cancel(sql, key, code);
  if (fence?.state !== 'cancelled' && fence?.state !== 'refused')
    throw new Error(`A branch that was to be undone is ${fence?.state ?? 'unknown'}`);
  handler.changed?.(action);
  return { outcome: 'done' };
}
