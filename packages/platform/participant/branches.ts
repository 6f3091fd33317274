import type { Database } from '../postgres/database.js';
import { Semaphore } from '../process/semaphore.js';
import { contradicted, done, doneBefore, type Answer } from './answer.js';
import type { ApplyResult, BranchAction, BranchHandler, BranchKey } from './branch-handler.js';
import { PreparedTransactions, type Ballot } from './prepared-transactions.js';
import { ThreePhaseBranches } from './three-phase-branches.js';
import type { ParticipantPhase } from './valid-message.js';

/** Connections that are kept free for decisions: those release the locks that the others wait for. */
const connectionsForDecisions = 2;

/** What a phase is to be carried out for. */
export interface Task {
  readonly key: BranchKey;
  readonly phase: ParticipantPhase;
  readonly handler: BranchHandler;
  readonly action: BranchAction | undefined;
  readonly attempt: number;
  /** Why the transaction was aborted. */
  readonly code: string;
}

/** Carries the phases of all protocols out, as transactions on the service's own database. */
export class Branches {
  readonly threePhase: ThreePhaseBranches;
  private readonly prepared: PreparedTransactions;
  private readonly work: Semaphore;

  constructor(private readonly database: Database) {
    this.prepared = new PreparedTransactions(database);
    this.threePhase = new ThreePhaseBranches(database, this.prepared);
    this.work = new Semaphore(Math.max(1, database.poolSize - connectionsForDecisions));
  }

  /** Throws when it cannot know the answer. */
  async perform(task: Task): Promise<Answer> {
    const { key, phase, handler, code } = task;
    switch (phase) {
      case 'apply':
        return this.take('applied', task, (action) => handler.apply(this.database, key, action));
      case 'try':
        return this.take('tried', task, (action) => handler.try(this.database, key, action));
      case 'confirm':
        return this.confirm(key, handler);
      case 'cancel':
        return this.work.use(() => this.cancel(key, handler, code));
      case 'prepare':
        return this.work.use(() => this.prepared.prepare(twoPhaseName(key), ballotOf(task)));
      case 'commit':
        return this.commit(key, handler);
      case 'abort':
        return this.abort(key, handler, code);
      case 'can-commit':
        return this.work.use(() => this.threePhase.canCommit(ballotOf(task)));
      case 'pre-commit':
        return this.threePhase.preCommit(key, handler);
      case 'do-commit':
        return this.threePhase.doCommit(key, handler);
      case 'redo':
        return this.work.use(() => this.threePhase.redo(ballotOf(task)));
    }
  }

  private async take(
    did: 'applied' | 'tried',
    task: Task,
    work: (action: BranchAction) => Promise<ApplyResult>,
  ): Promise<Answer> {
    const taken = await this.work.use(() => work(ballotOf(task).action));
    return taken.result === 'applied'
      ? done(did, taken.fresh)
      : { type: 'refused', code: taken.code, did: `refused ${taken.code}` };
  }

  /** Not among the works that wait for locks: what was tried holds none. */
  private async confirm(key: BranchKey, handler: BranchHandler): Promise<Answer> {
    const { fence, fresh } = await handler.confirm(this.database, key);
    if (fence?.state === 'confirmed' || fence?.state === 'applied') return done('confirmed', fresh);
    return contradicted(fence);
  }

  private async cancel(key: BranchKey, handler: BranchHandler, code: string): Promise<Answer> {
    const { fence, fresh } = await handler.cancel(this.database, key, code);
    if (fence?.state === 'cancelled' || fence?.state === 'refused') return done('cancelled', fresh);
    return contradicted(fence);
  }

  private async commit(key: BranchKey, handler: BranchHandler): Promise<Answer> {
    if (await this.prepared.commit(twoPhaseName(key))) return done('committed', true);
    // It is not prepared. It was committed before, if the fence, which was part of it, is there.
    const fence = await handler.find(this.database, key);
    return fence?.state === 'applied' ? doneBefore : contradicted(fence);
  }

  private async abort(key: BranchKey, handler: BranchHandler, code: string): Promise<Answer> {
    // First what releases locks; what may wait for locks takes its turn with the others.
    const ended = await this.prepared.rollback(twoPhaseName(key));
    return this.work.use(async () => {
      if (!ended) return this.threePhase.abort(key, handler, code);
      await handler.forbid(this.database, key, code);
      return done('aborted', true);
    });
  }
}

/** Names of prepared transactions are shared by all databases of a server, hence the branch. */
function twoPhaseName({ gid, branch }: BranchKey): string {
  return `${gid}/${branch}`;
}

function ballotOf({ key, action, handler, attempt }: Task): Ballot {
  if (action === undefined) throw new Error('A message without an action asks for work');
  return { key, action, handler, attempt };
}
