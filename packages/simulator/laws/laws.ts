import type { LogRecord, Outcome, Phase } from '#protocols/commit/messages.js';
import type { BranchState, Watch } from '../shop/branch-state.js';
import { branchCount, orderBranch, type Transaction } from '../shop/orders-to-place.js';
import type { ParticipantDatabase } from '../shop/participant-database.js';
import type { LogWrite, SharedLog } from '../shop/shared-log.js';
import { recordBefore } from './record-before.js';
import { Violation } from './violation.js';

const accountBranch = 1;

type Ended = Outcome['outcome'];

/**
 * Checks the laws of the shop while it runs: each durable change is checked for what it touches, which is as good as
 * checking everything after every event, since nothing else can have changed.
 */
export class Laws implements Watch {
  /** Orders that are neither CONFIRMED nor REJECTED. */
  readonly pending = new Set<number>();
  /** 3PC: transactions whose branches have ended in different ways. */
  readonly diverged = new Set<number>();
  committed = 0;
  aborted = 0;
  private readonly states: BranchState[][] = [];
  private readonly outcomes: (Ended | undefined)[] = [];
  private readonly answers = new Map<number, Ended>();
  private readonly payments = new Map<number, number>();
  /** What the branches' states say was taken from each row, or is reserved of it. */
  private readonly taken: number[][];
  private readonly reserved: number[][];
  private databases: readonly ParticipantDatabase[] = [];
  private log: SharedLog | undefined;

  /** @param disturbances how many faults have happened so far */
  constructor(
    private readonly transactions: readonly Transaction[],
    rows: readonly number[],
    private readonly disturbances: () => number,
  ) {
    this.taken = rows.map((count) => Array<number>(count).fill(0));
    this.reserved = rows.map((count) => Array<number>(count).fill(0));
  }

  observe(databases: readonly ParticipantDatabase[], log: SharedLog): void {
    this.databases = databases;
    this.log = log;
  }

  orderPlaced(gid: number): void {
    this.pending.add(gid);
    this.states[gid] = Array<BranchState>(branchCount).fill('untouched');
  }

  branchChanged(branch: number, gid: number, from: BranchState, to: BranchState): void {
    const states = this.statesOf(gid);
    if (states[branch] !== from)
      throw new Violation('a branch has one effect', `branch ${branch} of ${gid} is not ${from}`);
    states[branch] = to;
    if (!this.mayChange(branch, gid, from, to))
      throw new Violation('what has ended stays ended', `branch ${branch} of ${gid}: ${from} becomes ${to}`);
    this.checkRows(branch, gid, from, to);
    if (branch === orderBranch && (to === 'applied' || to === 'cancelled' || to === 'refused'))
      this.pending.delete(gid);
    if (branch === accountBranch) this.checkPayment(gid, from, to);
    this.checkBranches(gid);
  }

  recordWritten({ gid, record }: LogWrite, term: number): void {
    if (term !== this.log?.term)
      throw new Violation('only the leader decides', `${record.kind} of ${gid} is logged in term ${term}`);
    const isCommit = record.kind === 'commit' || record.kind === 'pre-commit';
    const isAgainst = isCommit
      ? this.isLogged(gid, 'abort')
      : record.kind === 'abort' && this.isCommitLogged(gid) && !this.allAbortedAlone(gid);
    if (isAgainst) throw new Violation('one decision', `${gid} is both committed and aborted`);
    if (isCommit) this.checkVotes(gid);
    this.noteDivergence(gid);
  }

  /** A message is about to be sent. */
  messageSent(gid: number, phase: Phase): void {
    const protocol = this.transactions[gid]?.protocol;
    const record = protocol === 'none' || protocol === undefined ? undefined : recordBefore(protocol, phase);
    if (record !== undefined && !this.isLogged(gid, record))
      throw new Violation(
        'a message is sent after its record',
        `${phase} of ${gid}, ${record} is not logged`,
      );
  }

  /** The coordinator says how a transaction has ended. */
  outcomeTold(gid: number, { outcome }: Outcome): void {
    const before = this.outcomes[gid];
    if (before !== undefined && before !== outcome && this.transactions[gid]?.protocol !== 'none')
      throw new Violation('an outcome stays', `${gid} was ${before} and is ${outcome}`);
    if (before === undefined) this[outcome] += 1;
    this.outcomes[gid] = outcome;
    if (outcome === 'committed' && this.transactions[gid]?.protocol !== 'none') {
      const states = this.statesOf(gid);
      const isShort = states.some((state, branch) => state !== 'applied' && !this.abortedAlone(gid, branch));
      if (isShort)
        throw new Violation('an outcome stays', `${gid} is told committed, but ${states.join(', ')}`);
    }
    this.checkBranches(gid);
  }

  /** A customer gets an answer that is not PENDING. */
  customerTold(gid: number, key: number, outcome: Ended): void {
    const before = this.answers.get(key);
    const isExcused = this.transactions[gid]?.protocol === 'none' || this.diverged.has(gid);
    if (before !== undefined && before !== outcome && !isExcused)
      throw new Violation('an outcome stays', `order ${key} was answered ${before} and is ${outcome}`);
    this.answers.set(key, outcome);
  }

  /** Else the message that was cancelled runs when it arrives at last: suspension. */
  undoneAnswered(branch: number, gid: number): void {
    const state = this.statesOf(gid)[branch];
    if (state !== 'cancelled' && state !== 'refused')
      throw new Violation('a cancel is remembered', `branch ${branch} of ${gid} is ${state}`);
  }

  termUsed(branch: number, term: number, known: number): void {
    if (term < known)
      throw new Violation('an old term is refused', `branch ${branch} follows ${term} after ${known}`);
  }

  statesOf(gid: number): BranchState[] {
    return this.states[gid] ?? [];
  }

  /** 3PC: the branch has ended undone by its own decision, or is about to. */
  abortedAlone(gid: number, branch: number): boolean {
    return (
      this.transactions[gid]?.protocol === '3pc' &&
      this.databases[branch]?.markers.get(gid)?.state === 'aborted' &&
      this.disturbances() > 0
    );
  }

  /** Compares each row with what all branches say, and nothing with what was counted on the way. */
  checkAllRows(): void {
    for (const database of this.databases) {
      database.value.forEach((value, row) => {
        let left = database.opening[row] ?? 0;
        let held = 0;
        this.transactions.forEach(({ gid, portions }) => {
          const state = database.stateOf(gid);
          for (const portion of portions[database.branch] ?? []) {
            if (portion.row !== row) continue;
            if (state === 'applied') left -= portion.amount;
            if (state === 'tried') held += portion.amount;
          }
        });
        if (value !== left || database.held[row] !== held)
          throw new Violation(
            'money and stock are conserved',
            `row ${row} of ${database.branch} has ${value} (${database.held[row]} held), not ${left} (${held})`,
          );
      });
    }
  }

  /** Only a saga undoes what it has done, and only a repair does what was undone. */
  private mayChange(branch: number, gid: number, from: BranchState, to: BranchState): boolean {
    if (from === 'cancelled' || from === 'refused') return to === from || this.abortedAlone(gid, branch);
    const protocol = this.transactions[gid]?.protocol;
    return from !== 'applied' || to === from || protocol === 'saga' || protocol === 'none';
  }

  private checkRows(branch: number, gid: number, from: BranchState, to: BranchState): void {
    const database = this.databases[branch];
    const taken = this.taken[branch];
    const reserved = this.reserved[branch];
    if (database === undefined || taken === undefined || reserved === undefined) return;
    for (const { row, amount } of database.portions(gid)) {
      const before = taken[row] ?? 0;
      const beforeHeld = reserved[row] ?? 0;
      const isTaken = before + amount * (Number(to === 'applied') - Number(from === 'applied'));
      const isHeld = beforeHeld + amount * (Number(to === 'tried') - Number(from === 'tried'));
      taken[row] = isTaken;
      reserved[row] = isHeld;
      const value = database.value[row] ?? 0;
      const held = database.held[row] ?? 0;
      if (value + isTaken !== database.opening[row] || held !== isHeld || value < held || held < 0)
        throw new Violation(
          'money and stock are conserved',
          `row ${row} of branch ${branch} had ${database.opening[row]}; ${isTaken} is taken and ${isHeld} reserved, ` +
            `but it has ${value} with ${held} reserved (transaction ${gid}: ${from} to ${to})`,
        );
    }
  }

  private checkPayment(gid: number, from: BranchState, to: BranchState): void {
    const key = this.transactions[gid]?.key ?? 0;
    const payments = (this.payments.get(key) ?? 0) + Number(to === 'applied') - Number(from === 'applied');
    this.payments.set(key, payments);
    if (payments > 1) throw new Violation('a key pays once', `order ${key} was paid ${payments} times`);
  }

  private checkBranches(gid: number): void {
    const protocol = this.transactions[gid]?.protocol;
    if (protocol === 'none') return;
    this.noteDivergence(gid);
    const states = this.statesOf(gid);
    if (!states.includes('applied')) {
      if (this.outcomes[gid] === 'committed' && states.some((_, branch) => !this.abortedAlone(gid, branch)))
        throw new Violation('an outcome stays', `${gid} was told committed, but ${states.join(', ')}`);
      return;
    }
    if (this.outcomes[gid] === 'aborted')
      throw new Violation('an outcome stays', `${gid} was told aborted, but ${states.join(', ')}`);
    if (protocol === 'saga') return checkPrefix(gid, states);
    states.forEach((state, branch) => {
      if (state === 'applied' || state === 'prepared' || state === 'tried') return;
      if (!this.abortedAlone(gid, branch))
        throw new Violation('all branches or none', `${gid}: ${states.join(', ')}`);
    });
  }

  /** 3PC: it is decided to commit, some branch has heard of it, and another has ended undone. */
  private noteDivergence(gid: number): void {
    if (this.transactions[gid]?.protocol !== '3pc' || !this.isCommitLogged(gid)) return;
    const states = this.statesOf(gid);
    const isAhead = states.some(
      (state, branch) =>
        state === 'applied' || this.databases[branch]?.markers.get(gid)?.state === 'pre-committed',
    );
    if (isAhead && states.some((state, branch) => state !== 'applied' && this.abortedAlone(gid, branch)))
      this.diverged.add(gid);
  }

  /** Then nothing has diverged: the transaction is aborted, also after its pre-commit record. */
  private allAbortedAlone(gid: number): boolean {
    return this.statesOf(gid).every((_, branch) => this.abortedAlone(gid, branch));
  }

  /** A yes is durable before it is counted. */
  private checkVotes(gid: number): void {
    const states = this.statesOf(gid);
    states.forEach((state, branch) => {
      if (state === 'prepared' || state === 'tried' || state === 'applied') return;
      if (!this.abortedAlone(gid, branch))
        throw new Violation('a decision needs every vote', `${gid} is committed with ${states.join(', ')}`);
    });
  }

  private isCommitLogged(gid: number): boolean {
    return this.isLogged(gid, 'commit') || this.isLogged(gid, 'pre-commit');
  }

  private isLogged(gid: number, kind: LogRecord['kind']): boolean {
    return this.log?.has(gid, kind) === true;
  }
}

/** A saga is T1 … Tn or T1 … Tj, Cj … C1 (Garcia-Molina and Salem 1987, section 1): what is applied is a prefix. */
function checkPrefix(gid: number, states: readonly BranchState[]): void {
  const gap = states.findIndex((state) => state !== 'applied');
  if (gap >= 0 && states.includes('applied', gap))
    throw new Violation('steps run and are undone in order', `${gid}: ${states.join(', ')}`);
}
