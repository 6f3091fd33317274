import {
  abortedAloneCode,
  decide,
  silenceMs,
  type ParticipantAnswer,
  type ParticipantEvent,
  type ParticipantState,
} from '#protocols/three-phase-commit/participant.js';
import type { SimulatedProcess } from '../kernel/simulated-process.js';
import type { World } from '../kernel/world.js';
import type { BranchAnswer } from './branch-state.js';
import type { DatabaseSession } from './database-session.js';
import type { Prepared, ParticipantDatabase } from './participant-database.js';

type Answered = (answer: BranchAnswer | undefined) => void;
type DecidedAlone = (gid: number, outcome: 'committed' | 'aborted') => void;

/**
 * A participant's side of three-phase commit: the rules are the core's, what is durable is the prepared transaction,
 * the marker beside it, and the fence. The marker is a compare-and-set between the copies of a service: whichever of
 * pre-commit and abort stands there first counts.
 */
export class ThreePhaseBranches {
  constructor(
    private readonly world: World,
    private readonly process: SimulatedProcess,
    private readonly database: ParticipantDatabase,
    private readonly session: DatabaseSession,
  ) {}

  knows(gid: number): boolean {
    return this.database.prepared.get(gid)?.isThreePhase === true || this.database.markers.has(gid);
  }

  canCommit(gid: number, answered: Answered): void {
    const known = this.stateOf(gid);
    // The state `unknown` is decided under the locks, with what the rows say.
    if (known.at !== 'unknown')
      return answered(this.decided(gid, { type: 'can-commit', refusal: undefined }));
    this.session.transaction(
      this.database.locksOf(gid),
      (owner) =>
        this.stateOf(gid).at === 'unknown'
          ? this.database.prepare(gid, owner, true)
          : this.decided(gid, { type: 'can-commit', refusal: undefined }),
      answered,
      () => answered(undefined),
    );
  }

  preCommit(gid: number, answered: Answered): void {
    const decision = decide(this.stateOf(gid), { type: 'pre-commit' });
    if (decision.state.at !== 'pre-committed') return answered(toAnswer(decision.answer));
    this.markPreCommitted(gid, () => answered(toAnswer(decision.answer)), answered);
  }

  /** The marker first: after it no copy aborts any more, and COMMIT PREPARED may follow. */
  doCommit(gid: number, answered: Answered): void {
    const before = this.stateOf(gid);
    const decision = decide(before, { type: 'do-commit' });
    const answer = toAnswer(decision.answer);
    if (before.at === 'committed' || decision.state.at !== 'committed') return answered(answer);
    this.markPreCommitted(
      gid,
      () =>
        this.commitPrepared(
          gid,
          () => answered(answer),
          () => answered(undefined),
        ),
      answered,
    );
  }

  abort(gid: number, code: string, answered: Answered): void {
    const { answer } = decide(this.stateOf(gid), { type: 'abort', code });
    if (answer.result === 'done') this.rollBack(gid, answered);
    else answered(toAnswer(answer));
  }

  /** The time-out transitions, and what a crash has left half done. */
  look(decidedAlone: DecidedAlone): void {
    for (const prepared of this.database.prepared.values()) {
      if (prepared.isThreePhase) this.lookAt(prepared, decidedAlone);
    }
    for (const [gid, { state }] of this.database.markers) {
      if (state === 'aborted' && !this.database.fences.has(gid) && !this.database.prepared.has(gid))
        this.rollBack(gid, () => undefined);
    }
  }

  private lookAt({ gid, sinceMs: preparedMs }: Prepared, decidedAlone: DecidedAlone): void {
    const marker = this.database.markers.get(gid);
    if (marker?.state === 'aborted') return this.rollBack(gid, () => undefined);
    const waitedMs = this.world.nowMs - (marker?.sinceMs ?? preparedMs);
    const allowedMs = silenceMs(this.stateOf(gid));
    if (allowedMs === undefined || waitedMs < allowedMs) return;
    const { answer } = decide(this.stateOf(gid), { type: 'silence' });
    if (answer.result !== 'decided-alone') return;
    const { outcome } = answer;
    const wanted = outcome === 'aborted' ? 'aborted' : 'pre-committed';
    this.session.statement(
      [],
      () => this.database.mark(gid, wanted).state === wanted,
      (isFirst) => {
        if (!isFirst) return;
        this.world.tell(`${this.process.name} decides alone: ${gid} is ${outcome}`);
        const told = (): void => decidedAlone(gid, outcome);
        if (outcome === 'committed') this.commitPrepared(gid, told, () => undefined);
        else this.rollBack(gid, told);
      },
      () => undefined,
    );
  }

  /** What the process has read may be old by now: another copy may have aborted, and then its marker counts. */
  private markPreCommitted(gid: number, then: () => void, answered: Answered): void {
    this.session.statement(
      [],
      () => this.database.mark(gid, 'pre-committed').state,
      (state) => (state === 'pre-committed' ? then() : answered({ type: 'refused', code: abortedAloneCode })),
      () => answered(undefined),
    );
  }

  private commitPrepared(gid: number, then: () => void, failed: () => void): void {
    this.session.statement(
      [],
      () => this.database.commitPrepared(gid) || this.database.stateOf(gid) === 'applied',
      (isCommitted) => (isCommitted ? then() : failed()),
      failed,
    );
  }

  private rollBack(gid: number, answered: Answered): void {
    const { database, session } = this;
    const silent = (): void => answered(undefined);
    session.statement(
      [],
      () => database.rollbackPrepared(gid),
      () => session.statement(database.locksOf(gid), () => database.cancel(gid), answered, silent),
      silent,
    );
  }

  private decided(gid: number, event: ParticipantEvent): BranchAnswer | undefined {
    return toAnswer(decide(this.stateOf(gid), event).answer);
  }

  /** Puts together what the core calls a state from what is durable. */
  private stateOf(gid: number): ParticipantState {
    const marker = this.database.markers.get(gid);
    const fence = this.database.fences.get(gid);
    if (fence?.state === 'applied') return { at: 'committed', alone: false };
    if (fence?.state === 'refused') return { at: 'aborted', alone: false, code: fence.code };
    if (marker?.state === 'aborted') return { at: 'aborted', alone: true, code: abortedAloneCode };
    if (fence !== undefined) return { at: 'aborted', alone: false, code: fence.code };
    if (!this.database.prepared.has(gid)) return { at: 'unknown' };
    return { at: marker === undefined ? 'waiting' : 'pre-committed' };
  }
}

function toAnswer(answer: ParticipantAnswer): BranchAnswer | undefined {
  switch (answer.result) {
    case 'done':
      return { type: 'done' };
    case 'refused':
      return { type: 'refused', code: answer.code };
    case 'decided-alone':
    case 'silent':
      return undefined;
  }
}
