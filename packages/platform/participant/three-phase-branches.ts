import {
  abortedAloneCode,
  decide,
  type ParticipantAnswer,
  type ParticipantEvent,
  type ParticipantState,
} from '#protocols/three-phase-commit/participant.js';
import type { Database } from '../postgres/database.js';
import { contradicted, done, doneBefore, invalid, type Answer } from './answer.js';
import type { BranchHandler, BranchKey } from './branch-handler.js';
import type { Ballot, PreparedTransactions } from './prepared-transactions.js';
import { ThreePhaseMarkers, type Marker } from './three-phase-markers.js';

export type DecidedAlone = 'committed' | 'aborted';

/**
 * 3PC's branches. The rules are those of packages/protocols/three-phase-commit/participant.ts; here they are made
 * durable: waiting is a prepared transaction, pre-committed a row of the markers, committed and aborted the fence.
 */
export class ThreePhaseBranches {
  private readonly markers = new Map<string, ThreePhaseMarkers>();

  constructor(
    private readonly database: Database,
    private readonly prepared: PreparedTransactions,
  ) {}

  canCommit(ballot: Ballot): Promise<Answer> {
    const { key, handler } = ballot;
    const markers = this.markersOf(handler);
    // Between the marker and the fence of a branch that is aborted alone nothing else would tell.
    return this.prepared.prepare(threePhaseName(key), ballot, async (session) =>
      (await markers.isAborted(session, key)) ? abortedAloneCode : undefined,
    );
  }

  async preCommit(key: BranchKey, handler: BranchHandler): Promise<Answer> {
    const name = threePhaseName(key);
    if (await this.markersOf(handler).mark(this.database, key, name, 'pre-committed'))
      return done('pre-committed', true);
    const state = await this.stateOf(key, handler);
    return state.at === 'waiting' ? askAgain() : answerOf(state, { type: 'pre-commit' });
  }

  async doCommit(key: BranchKey, handler: BranchHandler): Promise<Answer> {
    const name = threePhaseName(key);
    const state = await this.stateOf(key, handler);
    if (state.at !== 'waiting' && state.at !== 'pre-committed') return answerOf(state, { type: 'do-commit' });
    // The pre-commit was lost: from here on the branch must not be aborted alone.
    if (
      state.at === 'waiting' &&
      !(await this.markersOf(handler).mark(this.database, key, name, 'pre-committed'))
    )
      return askAgain();
    if (await this.prepared.commit(name)) return done('committed', true);
    return answerOf(await this.stateOf(key, handler), { type: 'do-commit' });
  }

  async abort(key: BranchKey, handler: BranchHandler, code: string): Promise<Answer> {
    const { marker, prepared } = await this.look(key, handler);
    if (prepared && (marker === 'pre-committed' || marker === 'committed')) return invalid('contradiction');
    if (prepared) await this.prepared.rollback(threePhaseName(key));
    const { fence, fresh } = await handler.forbid(this.database, key, code);
    if (fence?.state === 'cancelled' || fence?.state === 'refused') return done('aborted', fresh || prepared);
    if (fence?.state === 'applied' && marker === 'committed')
      return answerOf({ at: 'committed', alone: true }, { type: 'abort', code });
    return contradicted(fence);
  }

  /** Repair: does what was aborted alone after all, if it can be done. */
  async redo(ballot: Ballot): Promise<Answer> {
    const { key, handler, action } = ballot;
    const state = await this.stateOf(key, handler);
    if (state.at === 'committed') return doneBefore;
    if (state.at !== 'aborted') return invalid('unknown-transaction');
    if (!state.alone) return invalid('contradiction');
    const redone = await handler.redo(this.database, key, action);
    if (redone.result === 'applied') return done('redone', redone.fresh);
    // Another copy may have done it in the meantime, with the last of what there was.
    if ((await handler.find(this.database, key))?.state === 'applied') return doneBefore;
    return { type: 'refused', code: redone.code };
  }

  /** The coordinator has been silent for long. Undefined when there was nothing to decide, or another copy has. */
  async decideAlone(key: BranchKey, handler: BranchHandler): Promise<DecidedAlone | undefined> {
    const { marker, prepared } = await this.look(key, handler);
    if (!prepared) return undefined;
    const name = threePhaseName(key);
    const { answer } = decide(stateOfPrepared(marker), { type: 'silence' });
    if (answer.result === 'decided-alone' && answer.outcome === 'committed') {
      // Marked before, so that its having been alone is not forgotten; a crash in between is made good here.
      if (marker === 'pre-committed' && !(await this.markersOf(handler).markCommitted(this.database, key)))
        return undefined;
      return (await this.prepared.commit(name)) ? 'committed' : undefined;
    }
    if (marker === undefined && !(await this.markersOf(handler).mark(this.database, key, name, 'aborted')))
      return undefined;
    const ended = await this.prepared.rollback(name);
    await handler.forbid(this.database, key, abortedAloneCode);
    return ended ? 'aborted' : undefined;
  }

  private async stateOf(key: BranchKey, handler: BranchHandler): Promise<ParticipantState> {
    const { marker, prepared } = await this.look(key, handler);
    if (prepared) return stateOfPrepared(marker);
    const fence = await handler.find(this.database, key);
    switch (fence?.state) {
      case 'applied':
      case 'confirmed':
        return { at: 'committed', alone: marker === 'committed' };
      case 'refused':
        return { at: 'aborted', alone: false, code: fence.code };
      case 'cancelled':
        return marker === 'aborted' ? abortedAlone : { at: 'aborted', alone: false, code: 'cancelled' };
      case 'tried':
      case undefined:
        return marker === 'aborted' ? abortedAlone : { at: 'unknown' };
    }
  }

  private look(
    key: BranchKey,
    handler: BranchHandler,
  ): Promise<{ marker: Marker | undefined; prepared: boolean }> {
    return this.markersOf(handler).look(this.database, key, threePhaseName(key));
  }

  private markersOf({ schema }: BranchHandler): ThreePhaseMarkers {
    const known = this.markers.get(schema);
    if (known !== undefined) return known;
    const markers = new ThreePhaseMarkers(schema);
    this.markers.set(schema, markers);
    return markers;
  }
}

const abortedAlone = { at: 'aborted', alone: true, code: abortedAloneCode } as const;

function stateOfPrepared(marker: Marker | undefined): ParticipantState {
  if (marker === undefined) return { at: 'waiting' };
  return marker === 'aborted' ? abortedAlone : { at: 'pre-committed' };
}

function answerOf(state: ParticipantState, event: ParticipantEvent): Answer {
  const { answer }: { answer: ParticipantAnswer } = decide(state, event);
  if (answer.result === 'done') return doneBefore;
  if (answer.result === 'refused') return { type: 'refused', code: answer.code };
  return invalid(state.at === 'unknown' ? 'unknown-transaction' : 'contradiction');
}

/** Another copy was faster, or has only begun. */
function askAgain(): never {
  throw new Error('The branch is being worked on');
}

/** 2PC's names have no third part, so that the look-out can tell who may decide alone. */
export function threePhaseName({ gid, branch }: BranchKey): string {
  return `${gid}/${branch}/3pc`;
}
