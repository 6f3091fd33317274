import { done, type BranchAnswer } from '#simulator/shop/branch-state.js';
import type { LockOwner } from '#simulator/shop/lock-table.js';
import { orderBranch } from '#simulator/shop/orders-to-place.js';
import { ParticipantDatabase, type Fence, type Marker } from '#simulator/shop/participant-database.js';
import { ParticipantProcess, type Answered } from '#simulator/shop/participant-process.js';

/** Participants with a known bug each. */

/** A repeated message does the work again. */
export class WithoutFence extends ParticipantDatabase {
  override apply(gid: number): BranchAnswer | undefined {
    if (this.fences.get(gid)?.state !== 'applied') return super.apply(gid);
    this.move(gid, -1, 0);
    this.setFence(gid, 'applied', '');
    return done;
  }

  override try(gid: number): BranchAnswer | undefined {
    if (this.fences.get(gid)?.state !== 'tried') return super.try(gid);
    this.move(gid, 0, 1);
    this.setFence(gid, 'tried', '');
    return done;
  }
}

/**
 * A cancel that finds nothing to undo leaves no trace, so that the late message runs: suspension. An order
 * that forgot it would just stay PENDING.
 */
export class ForgetsEmptyCancel extends ParticipantDatabase {
  override cancel(gid: number): BranchAnswer | undefined {
    const isForgotten = this.branch !== orderBranch && this.stateOf(gid) === 'untouched';
    return isForgotten ? done : super.cancel(gid);
  }
}

/** An undo that is repeated gives back twice. */
export class CancelsTwice extends ParticipantDatabase {
  override cancel(gid: number): BranchAnswer | undefined {
    if (this.stateOf(gid) !== 'cancelled') return super.cancel(gid);
    this.move(gid, 1, 0);
    this.setFence(gid, 'cancelled', 'cancelled');
    return done;
  }
}

/** What was refused is tried again when it is asked for again. */
export class ForgetsRefusal extends ParticipantDatabase {
  protected override remembered(fence: Fence): BranchAnswer | undefined {
    return fence.state === 'refused' ? { type: 'refused', code: fence.code } : super.remembered(fence);
  }

  override apply(gid: number): BranchAnswer | undefined {
    if (this.stateOf(gid) === 'refused' && this.refusalOf(gid) === undefined) {
      this.move(gid, -1, 0);
      this.setFence(gid, 'applied', '');
      return done;
    }
    return super.apply(gid);
  }
}

/** A branch joins a transaction that has been rolled back. */
export class JoinsAfterRollback extends ParticipantDatabase {
  override apply(gid: number): BranchAnswer | undefined {
    this.forget(gid);
    return super.apply(gid);
  }

  override try(gid: number): BranchAnswer | undefined {
    this.forget(gid);
    return super.try(gid);
  }

  override prepare(gid: number, owner: LockOwner, isThreePhase: boolean): BranchAnswer | undefined {
    this.forget(gid);
    return super.prepare(gid, owner, isThreePhase);
  }

  private forget(gid: number): void {
    if (this.fences.get(gid)?.state !== 'cancelled') return;
    this.fences.delete(gid);
    this.watch.branchChanged(this.branch, gid, 'cancelled', 'untouched');
  }
}

/** Copies of a service overwrite what another has decided. */
export class LastMarkerCounts extends ParticipantDatabase {
  override mark(gid: number, state: Marker['state']): Marker {
    const marker = { state, sinceMs: this.world.nowMs };
    this.markers.set(gid, marker);
    return marker;
  }
}

/** Its work is still to be done when it says yes. */
export class VotesBeforePreparing extends ParticipantProcess {
  protected override prepare(gid: number, answered: Answered): void {
    answered(done);
    super.prepare(gid, () => undefined);
  }
}

/** PREPARE TRANSACTION in a failed transaction answers ROLLBACK and no error: taken for a yes. */
export class TakesRollbackForPrepared extends ParticipantProcess {
  protected override prepareFailed(answered: Answered): void {
    answered(done);
  }
}

/** COMMIT PREPARED of an unknown name is an error like any other, also when it was committed before. */
export class UnknownIsFailure extends ParticipantProcess {
  protected override commit(gid: number): BranchAnswer | undefined {
    return this.database.commitPrepared(gid) ? done : { type: 'refused', code: 'unknown-transaction' };
  }
}

/** Cleans up after a crash: what is prepared is nobody's any more. */
export class AbortsLivePrepares extends ParticipantProcess {
  constructor(...args: ConstructorParameters<typeof ParticipantProcess>) {
    super(...args);
    this.process.whenStarted.push(() => {
      for (const gid of [...this.database.prepared.keys()]) this.database.rollbackPrepared(gid);
    });
  }
}

/** Follows whoever sends. */
export class FollowsEveryTerm extends ParticipantProcess {
  protected override acceptsTerm(term: number): boolean {
    super.acceptsTerm(term);
    return true;
  }
}

/** ROLLBACK PREPARED is all there is to an abort. */
export class RollsBackWithoutFence extends ParticipantProcess {
  protected override abort(gid: number, answered: Answered): void {
    this.session.statement(
      [],
      () => this.database.rollbackPrepared(gid),
      () => answered(done),
      () => answered(undefined),
    );
  }
}
