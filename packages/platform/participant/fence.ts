import type { Sql, Statement } from '../postgres/database.js';
import {
  type ApplyResult,
  type BranchKey,
  type Change,
  type FenceState,
  applyResultOf,
} from './branch-handler.js';

/** The row of a service's fence table. */
export interface FenceRow {
  state: 'applied' | 'tried' | 'confirmed' | 'refused' | 'cancelled';
  code: string | null;
}

/** How often a decision looks again when what it has to change became visible while its statement ran. */
const mostLooks = 3;

/**
 * The fence table of a schema. A statement that writes the fence together with the data returns the row that it wrote,
 * and no row when it changed nothing; what the fence says then is read afterwards.
 */
export class Fence {
  private readonly findRow: Statement<FenceRow>;
  private readonly forbidRow: Statement<FenceRow>;

  constructor(schema: string) {
    this.findRow = {
      name: `${schema}-find-fence`,
      text: `SELECT state, code FROM ${schema}.fence WHERE gid = $1 AND branch = $2`,
    };
    this.forbidRow = {
      name: `${schema}-forbid`,
      text: `
        INSERT INTO ${schema}.fence (gid, branch, state) VALUES ($1, $2, 'cancelled')
        ON CONFLICT DO NOTHING RETURNING state, code`,
    };
  }

  async find(sql: Sql, { gid, branch }: BranchKey): Promise<FenceState | undefined> {
    const [row] = await sql.run(this.findRow, [gid, branch]);
    return row === undefined ? undefined : toFenceState(row);
  }

  /** Runs a statement that does or reserves the work. */
  async take(
    sql: Sql,
    key: BranchKey,
    statement: Statement<FenceRow>,
    values: readonly unknown[],
  ): Promise<ApplyResult> {
    const [row] = await sql.run(statement, [key.gid, key.branch, ...values]);
    if (row === undefined) return applyResultOf(await this.find(sql, key));
    const fence = toFenceState(row);
    return fence.state === 'refused'
      ? { result: 'refused', code: fence.code }
      : { result: 'applied', fresh: true };
  }

  /**
   * Runs a statement that decides what is in state `from`. It sees the books as they were when it began, and the fence
   * as it is: if the fence still says `from` afterwards, what it has to change was committed in between.
   */
  async decide(
    sql: Sql,
    key: BranchKey,
    statement: Statement<FenceRow>,
    from: readonly FenceState['state'][],
  ): Promise<Change> {
    for (let look = 1; look <= mostLooks; look += 1) {
      const [row] = await sql.run(statement, [key.gid, key.branch]);
      if (row !== undefined) return { fence: toFenceState(row), fresh: true };
      const fence = await this.find(sql, key);
      if (fence === undefined || !from.includes(fence.state)) return { fence, fresh: false };
    }
    throw new Error('The books do not hold what the fence says');
  }

  forbid(sql: Sql, key: BranchKey): Promise<Change> {
    return this.decide(sql, key, this.forbidRow, []);
  }
}

function toFenceState({ state, code }: FenceRow): FenceState {
  return state === 'refused' ? { state, code: code ?? 'cancelled' } : { state };
}
