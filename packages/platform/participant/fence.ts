import type { Sql, Statement } from '../postgres/database.js';
import type { BranchKey, FenceState } from './branch-handler.js';

/** The row of a service's fence table; an apply statement returns it when it wrote it. */
export interface FenceRow {
  state: 'applied' | 'refused' | 'cancelled';
  code: string | null;
}

/** The statement that looks into the fence table of `schema`. */
export function findInFence(schema: string): Statement<FenceRow> {
  return {
    name: `${schema}-find-fence`,
    text: `SELECT state, code FROM ${schema}.fence WHERE gid = $1 AND branch = $2`,
  };
}

export async function fenceState(
  sql: Sql,
  statement: Statement<FenceRow>,
  { gid, branch }: BranchKey,
): Promise<FenceState | undefined> {
  const [row] = await sql.run(statement, [gid, branch]);
  if (row === undefined) return undefined;
  return row.state === 'refused' ? { state: 'refused', code: row.code ?? 'cancelled' } : { state: row.state };
}
