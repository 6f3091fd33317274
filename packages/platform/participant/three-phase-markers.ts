import type { Sql, Statement } from '../postgres/database.js';
import type { BranchKey } from './branch-handler.js';

/** `committed` and `aborted` say that the participant decided alone. */
export type Marker = 'pre-committed' | 'committed' | 'aborted';

/**
 * What a participant of 3PC remembers besides the prepared transaction. Several copies of a service share it, and a
 * pre-commit can come while another copy gives up waiting: whoever writes the branch's row first has decided.
 */
export class ThreePhaseMarkers {
  private readonly add: Statement<unknown>;
  private readonly commit: Statement<unknown>;
  private readonly read: Statement<{ marker: Marker | null; prepared: boolean }>;
  private readonly findAborted: Statement<unknown>;

  constructor(schema: string) {
    const table = `${schema}.three_phase`;
    const ofBranch = 'gid = $1 AND branch = $2';
    const isPrepared = (name: string): string =>
      `EXISTS (SELECT FROM pg_prepared_xacts WHERE gid = ${name} AND database = current_database())`;
    this.add = {
      name: `${schema}-mark`,
      text: `
        INSERT INTO ${table} (gid, branch, state) SELECT $1, $2, $3 WHERE ${isPrepared('$4')}
        ON CONFLICT DO NOTHING RETURNING state`,
    };
    this.commit = {
      name: `${schema}-mark-committed`,
      text: `
        UPDATE ${table} SET state = 'committed', at = now() WHERE ${ofBranch} AND state = 'pre-committed'
        RETURNING state`,
    };
    this.read = {
      name: `${schema}-read-mark`,
      text: `
        SELECT (SELECT state FROM ${table} WHERE ${ofBranch}) AS marker, ${isPrepared('$3')} AS prepared`,
    };
    this.findAborted = {
      name: `${schema}-find-aborted`,
      text: `SELECT 1 FROM ${table} WHERE ${ofBranch} AND state = 'aborted'`,
    };
  }

  /** Writes the first row of a branch that is prepared under `name`; false when there is one, or nothing prepared. */
  async mark(sql: Sql, { gid, branch }: BranchKey, name: string, state: Marker): Promise<boolean> {
    return (await sql.run(this.add, [gid, branch, state, name])).length === 1;
  }

  /** Turns `pre-committed` into `committed`; false when another copy has. */
  async markCommitted(sql: Sql, { gid, branch }: BranchKey): Promise<boolean> {
    return (await sql.run(this.commit, [gid, branch])).length === 1;
  }

  async look(
    sql: Sql,
    { gid, branch }: BranchKey,
    name: string,
  ): Promise<{ marker: Marker | undefined; prepared: boolean }> {
    const [row] = await sql.run(this.read, [gid, branch, name]);
    return { marker: row?.marker ?? undefined, prepared: row?.prepared ?? false };
  }

  async isAborted(sql: Sql, { gid, branch }: BranchKey): Promise<boolean> {
    return (await sql.run(this.findAborted, [gid, branch])).length === 1;
  }
}
