import { BranchModel, type BranchAnswer } from '#simulator/branch-model.js';

/** Participants with a known bug each. */

/** A repeated message does the work again. */
class WithoutFence extends BranchModel {
  protected override apply(): BranchAnswer | undefined {
    if (this.state === 'applied') this.work('applied');
    return super.apply();
  }
}

/** A cancel that finds nothing to undo leaves no trace, so that the late apply runs. */
class ForgetsEmptyCancel extends BranchModel {
  protected override cancel(): BranchAnswer | undefined {
    if (this.state === 'untouched') return { type: 'done' };
    return super.cancel();
  }
}

/** Its work is still to be decided when it says yes: a crash would lose it, and an abort finds nothing. */
class VotesBeforePreparing extends BranchModel {
  protected override prepare(attempt: number): BranchAnswer | undefined {
    if (attempt === 1 && this.state === 'untouched') return { type: 'done' };
    return super.prepare(attempt);
  }
}

/** An undo that is repeated gives back twice. */
class CancelsTwice extends BranchModel {
  protected override cancel(): BranchAnswer | undefined {
    if (this.state === 'cancelled') this.effects -= 1;
    return super.cancel();
  }
}

/** A refusal is not remembered: asked again after more came into stock, it does the work. */
class ForgetsRefusal extends BranchModel {
  private asked = 0;

  protected override remembered(): BranchAnswer | undefined {
    this.asked += 1;
    if (this.state !== 'refused' || this.asked === 1) return super.remembered();
    this.effects += 1;
    this.state = 'applied';
    return super.remembered();
  }
}

export const brokenBranches: readonly {
  readonly bug: string;
  readonly in: 'saga' | '2pc';
  readonly newBranch: (refusal: string | undefined) => BranchModel;
}[] = [
  { bug: 'the fence is missing', in: 'saga', newBranch: (refusal) => new WithoutFence(refusal) },
  {
    bug: 'an empty cancel is forgotten',
    in: 'saga',
    newBranch: (refusal) => new ForgetsEmptyCancel(refusal),
  },
  { bug: 'an empty abort is forgotten', in: '2pc', newBranch: (refusal) => new ForgetsEmptyCancel(refusal) },
  { bug: 'a cancel is repeated', in: 'saga', newBranch: (refusal) => new CancelsTwice(refusal) },
  {
    bug: 'a yes is said before it is durable',
    in: '2pc',
    newBranch: (refusal) => new VotesBeforePreparing(refusal),
  },
  { bug: 'a refusal is forgotten', in: 'saga', newBranch: (refusal) => new ForgetsRefusal(refusal) },
];
