import { SimulatedProcess } from '../kernel/simulated-process.js';
import type { World } from '../kernel/world.js';
import { done, type BranchAnswer } from './branch-state.js';
import { DatabaseSession } from './database-session.js';
import type { BranchMessage, BranchReply } from './messages.js';
import type { ParticipantDatabase } from './participant-database.js';
import { participantPoints } from './participant-points.js';
import { ThreePhaseBranches } from './three-phase-branches.js';

/** How long a vote may stay without a decision before the participant asks, and how often it looks. */
export const inDoubtAfterMs = 3_000;
const lookEveryMs = 500;

/** Gets an answer; undefined when there is none to give. */
export type Answered = (answer: BranchAnswer | undefined) => void;

/** Sends to the coordinator that asked; without one, to every coordinator. */
export type SendReply = (from: ParticipantProcess, reply: BranchReply, to?: SimulatedProcess) => void;

/**
 * One process of a participant, as packages/platform/participant runs it: a message becomes transactions on the
 * database, a repetition of one under way is dropped, and what goes wrong is not answered.
 */
export class ParticipantProcess {
  readonly process: SimulatedProcess;
  protected readonly session: DatabaseSession;
  private readonly threePhase: ThreePhaseBranches;
  private term = 0;
  private readonly running = new Set<string>();

  constructor(
    protected readonly world: World,
    readonly database: ParticipantDatabase,
    name: string,
    private readonly send: SendReply,
  ) {
    this.process = new SimulatedProcess(name);
    this.session = new DatabaseSession(world, this.process, database.locks);
    this.threePhase = new ThreePhaseBranches(world, this.process, database, this.session);
    this.process.whenStarted.push(() => this.start());
    this.process.whenCrashed.push(() => {
      this.session.crash();
      this.running.clear();
    });
    world.add(this.process);
  }

  receive(message: BranchMessage, from: SimulatedProcess): void {
    const points = participantPoints[this.database.branch]?.get(message.phase);
    if (points === undefined) return this.handle(message, from);
    this.world.pass(this.process, points.afterReceive, () => this.handle(message, from), nothing);
  }

  /** False for a message of a term that is over. */
  protected acceptsTerm(term: number): boolean {
    if (term < this.term) return false;
    if (term > this.term) {
      this.term = term;
      this.world.plan(undefined, 1, () => (this.database.term = Math.max(this.database.term, term)));
    }
    return true;
  }

  private start(): void {
    this.term = this.database.term;
    this.world.planBackground(this.process, this.world.random.between(0, lookEveryMs), () => this.look());
  }

  private handle(message: BranchMessage, from: SimulatedProcess): void {
    const { gid, branch, phase, term } = message;
    const oldest = this.term;
    if (!this.acceptsTerm(term)) {
      this.world.tell(`${this.process.name} refuses term ${term}`);
      return this.send(this, { gid, branch, phase, type: 'old-term' }, from);
    }
    this.database.watchTerm(term, oldest);
    const key = `${gid}/${phase}`;
    if (this.running.has(key)) return;
    this.running.add(key);
    const points = participantPoints[this.database.branch]?.get(phase);
    const finish: Answered = (answer) => {
      this.running.delete(key);
      if (this.world.isTold)
        this.world.tell(
          `${this.process.name}: ${phase} of ${gid} (attempt ${message.attempt}, term ${term}) -> ` +
            `${answer?.type ?? 'silent'}, ${this.database.stateOf(gid)}`,
        );
      if (answer === undefined) return;
      if (answer.type === 'done' && (phase === 'cancel' || phase === 'abort')) this.database.watchUndone(gid);
      const reply = (): void => this.send(this, { gid, branch, phase, ...answer }, from);
      if (points === undefined) reply();
      else this.world.pass(this.process, points.beforeReply, reply, nothing);
    };
    const silent = (): void => finish(undefined);
    if (points === undefined) return this.answer(message, finish);
    const logged: Answered = (answer) =>
      this.world.pass(this.process, points.afterLog, () => finish(answer), silent);
    if (this.isKnownVote(message)) return finish(done);
    this.world.pass(this.process, points.beforeLog, () => this.answer(message, logged), silent);
  }

  /** A repeated prepare looks for what is prepared already: doing it again would wait for its own locks. */
  private isKnownVote({ gid, phase, attempt }: BranchMessage): boolean {
    return phase === 'prepare' && attempt > 1 && this.database.prepared.has(gid);
  }

  protected answer({ gid, phase, code }: BranchMessage, answered: Answered): void {
    const { database, session } = this;
    const silent = (): void => answered(undefined);
    const statement = (body: () => BranchAnswer | undefined): void =>
      session.statement(database.locksOf(gid), body, answered, silent);
    switch (phase) {
      case 'apply':
        return statement(() => database.apply(gid));
      case 'cancel':
        return statement(() => database.cancel(gid));
      case 'try':
        return statement(() => database.try(gid));
      case 'confirm':
        return statement(() => database.confirm(gid));
      case 'redo':
        return statement(() => database.redo(gid));
      case 'prepare':
        return this.prepare(gid, answered);
      case 'commit':
        return session.statement([], () => this.commit(gid), answered, silent);
      case 'abort':
        if (this.threePhase.knows(gid)) return this.threePhase.abort(gid, code, answered);
        return this.abort(gid, answered);
      case 'can-commit':
        return this.threePhase.canCommit(gid, answered);
      case 'pre-commit':
        return this.threePhase.preCommit(gid, answered);
      case 'do-commit':
        return this.threePhase.doCommit(gid, answered);
    }
  }

  protected prepare(gid: number, answered: Answered): void {
    this.session.transaction(
      this.database.locksOf(gid),
      (owner) => this.database.prepare(gid, owner, false),
      answered,
      () => this.prepareFailed(answered),
    );
  }

  /** PREPARE TRANSACTION has answered ROLLBACK, a lock was not granted, or the connection is lost. */
  protected prepareFailed(answered: Answered): void {
    answered(undefined);
  }

  /** An unknown name was committed before if the fence, which was part of it, is there. */
  protected commit(gid: number): BranchAnswer | undefined {
    if (this.database.commitPrepared(gid)) return done;
    return this.database.stateOf(gid) === 'applied' ? done : undefined;
  }

  /** ROLLBACK PREPARED and the fence are two transactions: a crash may come between them. */
  protected abort(gid: number, answered: Answered): void {
    const { database, session } = this;
    const silent = (): void => answered(undefined);
    session.statement(
      [],
      () => database.rollbackPrepared(gid),
      () => session.statement(database.locksOf(gid), () => database.cancel(gid), answered, silent),
      silent,
    );
  }

  /** Tells of what waits for a decision, and lets 3PC's silence run out. */
  private look(): void {
    this.world.planBackground(this.process, lookEveryMs, () => this.look());
    const { database, world } = this;
    const before = world.nowMs - inDoubtAfterMs;
    for (const { gid, isThreePhase, sinceMs } of database.prepared.values()) {
      if (!isThreePhase && sinceMs <= before) this.doubt(gid, 'prepare');
    }
    for (const gid of database.tried) {
      if ((database.fences.get(gid)?.sinceMs ?? Infinity) <= before) this.doubt(gid, 'try');
    }
    this.threePhase.look((gid, outcome) => {
      const { branch } = database;
      this.send(this, { gid, branch, phase: 'can-commit', type: 'decided-alone', outcome });
    });
  }

  private doubt(gid: number, phase: 'prepare' | 'try'): void {
    this.send(this, { gid, branch: this.database.branch, phase, type: 'in-doubt' });
  }
}

function nothing(): void {
  // A message that is dropped has no answer.
}
