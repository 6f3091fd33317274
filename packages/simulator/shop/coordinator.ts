import type { CommitProtocol, Event, LogRecord, Outcome, Phase } from '#protocols/commit/messages.js';
import { SimulatedProcess } from '../kernel/simulated-process.js';
import type { World } from '../kernel/world.js';
import { executePoints, messagePoints, takeoverPoints } from './coordinator-points.js';
import { LogWriter } from './log-writer.js';
import type { BranchMessage, BranchReply } from './messages.js';
import { RuntimeModel, type RuntimeHost } from './runtime-model.js';
import type { SharedLog } from './shared-log.js';

export type ExecuteReply = (outcome: Outcome) => void;

/** What a coordinator needs of the shop around it. */
export interface CoordinatorSurroundings {
  /** False for the baseline without a protocol, which begins again whenever it is asked. */
  readonly keepsLog: boolean;
  coreOf(gid: number): CommitProtocol<unknown>;
  send(from: Coordinator, message: BranchMessage): void;
  /** A message is about to be sent. */
  sends(gid: number, phase: Phase): void;
  replies(gid: number, outcome: Outcome): void;
}

/** How often the active one renews its lease, and the standby looks whether it is over. */
const heartbeatMs = 250;

/** What the active one has; it is gone when its term is. */
export interface Leadership {
  readonly term: number;
  readonly log: LogWriter;
  readonly runtime: RuntimeModel;
  /** How transactions have ended in this term: a late or second request must not begin one again. */
  readonly ended: Map<number, Outcome>;
  /** Aborted because a branch was in doubt and the log knew nothing; the record may still be on its way to the disk. */
  readonly presumed: Set<number>;
  /** False until what was open has been read. */
  isReady: boolean;
}

/**
 * A coordinator's process: active or standby, with terms. It runs transactions, answers how they ended, and answers
 * participants that are in doubt.
 */
export class Coordinator {
  readonly process: SimulatedProcess;
  private leadership: Leadership | undefined;

  constructor(
    private readonly world: World,
    private readonly log: SharedLog,
    name: string,
    private readonly surroundings: CoordinatorSurroundings,
  ) {
    this.process = new SimulatedProcess(name);
    this.process.whenStarted.push(() => this.beat());
    this.process.whenCrashed.push(() => this.stepDown());
    world.add(this.process);
  }

  /** Takes transactions, as far as it knows. */
  get isActive(): boolean {
    return this.leadership?.isReady === true;
  }

  get openTransactions(): number {
    return this.leadership?.runtime.size ?? 0;
  }

  /**
   * Opens a stream for requests; undefined at a standby. It breaks with the term, and what was under way on it is lost.
   * `resumed`: the transaction may have been asked for before, perhaps of another coordinator.
   */
  openStream(): ((gid: number, resumed: boolean, reply: ExecuteReply) => void) | undefined {
    const { leadership } = this;
    if (leadership?.isReady !== true) return undefined;
    return (gid, resumed, reply) => {
      const answer = (outcome: Outcome): void =>
        this.world.pass(this.process, executePoints.beforeReply, () => reply(outcome), nothing);
      const run = (): void => {
        if (this.leadership === leadership) this.run(leadership, gid, resumed, answer);
      };
      this.world.pass(this.process, executePoints.afterReceive, run, nothing);
    };
  }

  receive(reply: BranchReply): void {
    const { gid, branch, phase } = reply;
    if (reply.type === 'in-doubt') return this.decideDoubt(reply);
    if (reply.type === 'old-term' || phase === 'redo') return;
    const event: Event =
      reply.type === 'decided-alone'
        ? { type: 'decided-alone', branch, outcome: reply.outcome }
        : reply.type === 'done'
          ? { type: 'done', branch, phase }
          : { type: 'refused', branch, phase, code: reply.code };
    const receive = (): void => this.leadership?.runtime.receive(gid, event);
    this.world.pass(this.process, messagePoints[phase].afterReceive, receive, nothing);
  }

  /** Repairs a branch of a transaction that has diverged, as an operator asks for it. */
  redo(gid: number, branch: number): void {
    const term = this.leadership?.term;
    if (term === undefined) return;
    this.surroundings.send(this, { gid, branch, phase: 'redo', attempt: 1, code: '', term });
  }

  /** Runs a transaction, joins it when it is under way, or tells how it ended. */
  private run(leadership: Leadership, gid: number, resumed: boolean, answer: ExecuteReply): void {
    const { runtime, presumed } = leadership;
    const known = this.endedInTerm(leadership, gid);
    if (known !== undefined) return answer(known);
    const isFresh = !resumed && !presumed.has(gid);
    if (isFresh || runtime.isOpen(gid)) return runtime.execute(gid, answer);
    this.recordsOf(leadership, gid, (records) => {
      if (this.leadership !== leadership) return;
      const outcome = this.endedInTerm(leadership, gid) ?? endedOutcome(records);
      if (outcome !== undefined) return answer(outcome);
      const isAborted = records.some(({ kind }) => kind === 'abort');
      // It was aborted while the log was read.
      if (presumed.has(gid) && !isAborted) return this.run(leadership, gid, true, answer);
      // Aborted because a branch was in doubt and nothing was known of it: now its branches are known.
      if (isAborted) runtime.recover(gid, records);
      runtime.execute(gid, answer);
    });
  }

  protected endedInTerm({ ended }: Leadership, gid: number): Outcome | undefined {
    return ended.get(gid);
  }

  /** Waits for what is on its way to the disk: a transaction that has ended must not begin again. */
  private recordsOf({ log }: Leadership, gid: number, then: (records: readonly LogRecord[]) => void): void {
    const { world, process } = this;
    log.flushed(() => {
      world.call(process, this.log.process, () => {
        const records = [...this.log.recordsOf(gid)];
        world.plan(process, world.random.between(0.2, 1), () => then(records));
      });
    });
  }

  /**
   * A vote has been waiting for long. What is open here goes its way; else the log knows, and where there is nothing
   * in it, the transaction is aborted (presumed abort), durably, before the branch is told.
   */
  private decideDoubt({ gid, branch, phase }: BranchReply): void {
    const { leadership } = this;
    if (leadership?.isReady !== true || leadership.runtime.isOpen(gid)) return;
    const isStillOver = (): boolean => this.leadership === leadership && !leadership.runtime.isOpen(gid);
    const tell = (outcome: Outcome): void => {
      if (isStillOver()) this.tellDecision(leadership.term, gid, branch, phase === 'try', outcome);
    };
    this.recordsOf(leadership, gid, (records) => {
      const outcome = decidedOutcome(records);
      if (outcome !== undefined) return tell(outcome);
      if (!isStillOver()) return;
      const code = 'in-doubt';
      leadership.presumed.add(gid);
      leadership.log.append(gid, { kind: 'abort', code }, () => tell({ outcome: 'aborted', code }));
    });
  }

  private tellDecision(term: number, gid: number, branch: number, isTcc: boolean, outcome: Outcome): void {
    const isCommitted = outcome.outcome === 'committed';
    const phase = isTcc ? (isCommitted ? 'confirm' : 'cancel') : isCommitted ? 'commit' : 'abort';
    const code = outcome.outcome === 'aborted' ? outcome.code : '';
    this.world.tell(`${this.process.name} answers the doubt of branch ${branch} of ${gid}: ${phase}`);
    this.surroundings.sends(gid, phase);
    this.surroundings.send(this, { gid, branch, phase, attempt: 2, code, term });
  }

  private beat(): void {
    this.world.planBackground(this.process, this.world.random.between(0.8, 1) * heartbeatMs, () =>
      this.beat(),
    );
    const { leadership, world, process } = this;
    if (leadership === undefined) return this.tryToLead();
    world.callBackground(process, this.log.process, () => {
      if (this.log.renew(leadership.term, world.nowMs)) return;
      world.planBackground(process, 1, () => {
        if (this.leadership === leadership) this.stepDown();
      });
    });
  }

  /** Takes over when the lease is over; whoever is first gets the next term. */
  private tryToLead(): void {
    const { world, process, log } = this;
    const takeOver = (): void =>
      world.call(process, log.process, () => {
        const term = log.takeOver(process.name, world.nowMs);
        if (term === undefined) return;
        const lead = (): void => this.lead(term);
        world.plan(process, 1, () => world.pass(process, takeoverPoints.after, lead, nothing));
      });
    world.callBackground(process, log.process, () => {
      if (!log.isVacant(world.nowMs)) return;
      world.plan(process, 1, () => {
        if (this.leadership === undefined) world.pass(process, takeoverPoints.before, takeOver, nothing);
      });
    });
  }

  private lead(term: number): void {
    const { world, process } = this;
    world.tell(`${process.name} leads term ${term}`);
    const deposed = (): void => {
      if (this.leadership?.term === term) this.stepDown();
    };
    const log = new LogWriter(world, process, this.log, term, deposed);
    const host: RuntimeHost = {
      coreOf: (gid) => this.surroundings.coreOf(gid),
      send: (gid, branch, phase, attempt, code) => {
        this.surroundings.sends(gid, phase);
        this.surroundings.send(this, { gid, branch, phase, attempt, code, term });
      },
      replies: (gid, outcome) => {
        if (this.surroundings.keepsLog) ended.set(gid, outcome);
        this.surroundings.replies(gid, outcome);
      },
    };
    const ended = new Map<number, Outcome>();
    const runtime = new RuntimeModel(world, process, log, host);
    const presumed = new Set<number>();
    const leadership: Leadership = { term, log, runtime, ended, presumed, isReady: false };
    this.leadership = leadership;
    world.call(process, this.log.process, () => {
      const open = [...this.log.open].filter((gid) => this.log.has(gid, 'begin'));
      const found = open.map((gid) => ({ gid, records: [...this.log.recordsOf(gid)] }));
      world.plan(process, world.random.between(0.5, 2), () => {
        if (this.leadership !== leadership) return;
        const recoveries = found.map(
          ({ gid, records }) =>
            () =>
              runtime.recover(gid, records),
        );
        world.inTurn(process, [...recoveries, () => (leadership.isReady = true)]);
      });
    });
  }

  /** What is open stays open in the log, for whoever leads next. */
  private stepDown(): void {
    if (this.leadership === undefined) return;
    this.world.tell(`${this.process.name} leads no longer`);
    this.leadership.runtime.drop();
    this.leadership = undefined;
  }
}

/** What the log says has been decided; undefined when nothing was. 3PC may abort after its pre-commit record. */
function decidedOutcome(records: readonly LogRecord[]): Outcome | undefined {
  const abort = records.find((record) => record.kind === 'abort');
  if (abort?.kind === 'abort') return { outcome: 'aborted', code: abort.code };
  const isCommitted = records.some(({ kind }) => kind === 'commit' || kind === 'pre-commit');
  return isCommitted ? { outcome: 'committed' } : undefined;
}

/** How a transaction has ended in all its branches; a saga that was not aborted has no other record. */
function endedOutcome(records: readonly LogRecord[]): Outcome | undefined {
  if (!records.some(({ kind }) => kind === 'end')) return undefined;
  return decidedOutcome(records) ?? { outcome: 'committed' };
}

function nothing(): void {
  // A message that is dropped has no answer.
}
