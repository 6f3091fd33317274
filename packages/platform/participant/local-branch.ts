import type { Sql } from '../postgres/database.js';
import type { BranchAction, BranchHandler, BranchKey } from './branch-handler.js';
import type { BranchAnswer } from './branch-resource.js';

/** A branch by itself, in a local transaction: nobody coordinates it with the others. */
interface LocalBranch {
  readonly sql: Sql;
  readonly handler: BranchHandler;
  readonly key: BranchKey;
  readonly action: BranchAction;
}

/** Does the work, unless it was done, refused or undone before. @throws Error when it cannot know what was done */
export async function applyBranch({ sql, handler, key, action }: LocalBranch): Promise<BranchAnswer> {
  const result = await handler.apply(sql, key, action);
  if (result.result === 'refused') return { outcome: 'refused', code: result.code };
  if (result.fresh) handler.changed?.(action);
  return { outcome: 'done' };
}

/** Undoes the work, and sees to it that it is not done later. @throws Error when it cannot know what was done */
export async function cancelBranch(
  { sql, handler, key, action }: LocalBranch,
  code: string,
): Promise<BranchAnswer> {
  const { fence, fresh } = await handler.cancel(sql, key, code);
  if (fresh) handler.changed?.(action);
  const isUndone = fence?.state === 'cancelled' || fence?.state === 'refused';
  return isUndone
    ? { outcome: 'done' }
    : { outcome: 'refused', code: `the branch is ${fence?.state ?? 'unknown'}` };
}
