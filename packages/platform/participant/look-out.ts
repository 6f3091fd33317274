import {
  BranchReply_Result as Result,
  Phase as WirePhase,
  type BranchReply,
} from '#generated/tristate/participant/v1/participant.js';
import { preCommittedTimeoutMs, waitingTimeoutMs } from '#protocols/three-phase-commit/participant.js';
import type { Logger } from '../logging/logger.js';
import type { Database, Statement } from '../postgres/database.js';
import type { Trace } from '../trace/trace.js';
import type { BranchHandler, BranchKey } from './branch-handler.js';
import type { DecidedAlone, ThreePhaseBranches } from './three-phase-branches.js';
import type { Terms } from './terms.js';

const betweenLooksMs = 500;
/** How long a branch may be prepared (2PC) or tried (TCC) until the coordinator is asked about it. */
const inDoubtAfterMs = 3_000;
/** What one look takes up; the rest waits for the next. */
const mostBranches = 100;

/** Sends an answer that nobody asked for to every coordinator that has a stream here; returns how many have. */
export type Tell = (reply: BranchReply) => number;

export interface LookOutParts {
  readonly database: Database;
  readonly handler: BranchHandler;
  readonly threePhase: ThreePhaseBranches;
  readonly terms: Terms;
  readonly tell: Tell;
  readonly trace: Trace;
  readonly logger: Logger;
}

interface Waiting {
  readonly kind: 'prepared' | 'tried' | 'three-phase' | 'term';
  readonly gid: string | null;
  readonly branch: number | null;
  /** The highest term that a copy of the service has heard of. */
  readonly term: number | null;
}

/**
 * Looks for branches that have been waiting for a decision for long: their coordinator may have forgotten them, or be
 * gone. What must not decide alone (2PC, TCC) is told to the coordinator as in doubt, which finds the decision in its
 * log or presumes abort (R*: Mohan, Lindsay, Obermarck, TODS 11(4), 1986). 3PC's branches decide alone. Each copy of the service
 * looks; what is decided is decided once, since the database compares and sets.
 */
export class LookOut {
  private readonly find: Statement<Waiting>;
  private timer: NodeJS.Timeout | undefined;
  private looking: Promise<void> | undefined;
  private stopped = false;

  constructor(private readonly parts: LookOutParts) {
    this.find = findWaiting(parts.handler);
  }

  start(): void {
    this.timer = setTimeout(() => {
      this.looking = this.lookAndGoOn();
    }, betweenLooksMs);
  }

  /** Waits for the look that is under way. */
  async stop(): Promise<void> {
    this.stopped = true;
    clearTimeout(this.timer);
    await this.looking;
  }

  /** Looks once. */
  async look(): Promise<void> {
    const waiting = await this.parts.database.run(this.find, []);
    for (const { kind, gid, branch, term } of waiting) {
      if (kind === 'term') this.parts.terms.learn(term ?? 0);
      else if (gid !== null && branch !== null) await this.take(kind, { gid, branch });
    }
  }

  private async lookAndGoOn(): Promise<void> {
    try {
      await this.look();
    } catch (error) {
      this.parts.logger.warn({ err: error }, 'nobody could look for branches in doubt');
    }
    if (!this.stopped) this.start();
  }

  private async take(kind: 'prepared' | 'tried' | 'three-phase', key: BranchKey): Promise<void> {
    if (kind === 'three-phase') return this.decideAlone(key);
    const [phase, name] =
      kind === 'tried' ? [WirePhase.TRY, 'try' as const] : [WirePhase.PREPARE, 'prepare' as const];
    this.tell(key, { phase, result: Result.IN_DOUBT, code: '' }, `${name}: in doubt`);
  }

  private async decideAlone(key: BranchKey): Promise<void> {
    const { handler, threePhase, trace, logger } = this.parts;
    let decision: DecidedAlone | undefined;
    try {
      decision = await threePhase.decideAlone(key, handler);
    } catch (error) {
      // Another copy, or the coordinator's decision, holds its locks; the next look finds it if it is still there.
      logger.warn({ err: error, ...key }, 'a branch of 3PC was not decided alone');
    }
    if (decision === undefined) return;
    logger.warn({ ...key, decision }, 'the coordinator was silent: this branch of 3PC has decided alone');
    const { gid, branch } = key;
    trace.note(gid, gid, { kind: 'decided-alone', branch, decision });
    const phase = decision === 'committed' ? WirePhase.PRE_COMMIT : WirePhase.CAN_COMMIT;
    this.tell(key, { phase, result: Result.DECIDED_ALONE, code: decision }, `${decision} alone`);
  }

  private tell(key: BranchKey, said: Pick<BranchReply, 'phase' | 'result' | 'code'>, message: string): void {
    const { gid, branch } = key;
    const { trace } = this.parts;
    const sentAtUs = trace.clock.tick();
    const listeners = this.parts.tell({ gid, branch, ...said, sender: trace.process, sentAtUs });
    if (listeners > 0) trace.note(gid, gid, { kind: 'sent', message, branch, to: 'coordinator' }, sentAtUs);
  }
}

/** What waits, and since when, by the database's clock. Names that are not of this platform are left alone. */
function findWaiting({ schema, reservations }: BranchHandler): Statement<Waiting> {
  const olderThan = (column: string, ms: number): string =>
    `${column} < now() - interval '${ms} milliseconds'`;
  const tried =
    reservations === undefined
      ? ''
      : `
      UNION ALL (
        SELECT DISTINCT 'tried', gid::text, branch::int, NULL::bigint FROM ${reservations}
        WHERE ${olderThan('at', inDoubtAfterMs)} LIMIT ${mostBranches}
      )`;
  return {
    name: `${schema}-look-out`,
    text: `
      WITH prepared AS MATERIALIZED (
        SELECT split_part(gid, '/', 1) AS gid, split_part(gid, '/', 2)::int AS branch,
               gid LIKE '%/3pc' AS three_phase, prepared AS at
        FROM pg_prepared_xacts
        WHERE database = current_database()
          AND gid ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/[0-9]{1,3}(/3pc)?$'
      ), waiting AS (
        SELECT CASE WHEN three_phase THEN 'three-phase' ELSE 'prepared' END AS kind, prepared.gid, prepared.branch
        FROM prepared LEFT JOIN ${schema}.three_phase AS marker
          ON three_phase AND marker.gid = prepared.gid::uuid AND marker.branch = prepared.branch
        WHERE CASE
          WHEN NOT three_phase THEN ${olderThan('prepared.at', inDoubtAfterMs)}
          WHEN marker.state IS NULL THEN ${olderThan('prepared.at', waitingTimeoutMs)}
          WHEN marker.state = 'pre-committed' THEN ${olderThan('marker.at', preCommittedTimeoutMs)}
          -- A copy that had decided did not get to its end.
          ELSE true
        END
        LIMIT ${mostBranches}
      )
      SELECT kind, gid, branch, NULL::bigint AS term FROM waiting
      UNION ALL SELECT 'term', NULL, NULL, term FROM ${schema}.participant_term${tried}`,
  };
}
