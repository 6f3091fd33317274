import type { Branch } from '#generated/tristate/transaction/v1/transaction.js';
import { commitProtocols, type CommitProtocolName } from '#protocols/commit/catalogue.js';
import { assertNever, invariant } from '#protocols/assert.js';
import type { CommitProtocol, Effect, Event, LogRecord, Outcome, Phase } from '#protocols/commit/messages.js';
import type { Failpoint, LoggedStep } from '#protocols/commit/failpoints.js';
import { InjectedFault, type Failpoints, type Hit } from '../faults/failpoints.js';
import { runInScope } from '../logging/correlation.js';
import type { Logger } from '../logging/logger.js';
import { startTimer, type Metrics } from '../metrics/metrics.js';
import type { What } from '../trace/protocol-event.js';
import type { Trace } from '../trace/trace.js';

/** What a transaction is; its begin record holds it. */
export interface Transaction {
  /** A UUIDv7: the order's id. */
  readonly gid: string;
  readonly protocol: CommitProtocolName;
  readonly branches: readonly Branch[];
  /** Of the request that asked for it. */
  readonly correlationId: string;
}

export interface BranchMessage {
  readonly gid: string;
  readonly branch: number;
  readonly phase: Phase;
  readonly attempt: number;
  readonly code: string;
  readonly action: Branch;
  readonly correlationId: string;
}

/** The coordinator's log. Records become durable in the order in which they were appended. */
export interface TransactionLog {
  /**
   * Resolves when the record, and with it every earlier one, is on disk; it never gives up. A record that is not
   * forced may wait for others to be written with.
   */
  append(transaction: Transaction, record: LogRecord, forced: boolean): Promise<void>;
}

export type BranchEvent = Extract<Event, { type: 'done' | 'refused' | 'decided-alone' }>;

/** Takes messages to participants; may lose them. */
export interface BranchSender {
  /** Undefined, the usual case, when nothing has to be waited for before the next effect. */
  send(message: BranchMessage): Promise<void> | undefined;
}

/** What becomes of a transaction here; `dropped`: another coordinator will finish it. */
export type Ending = Outcome | 'dropped';

interface Running {
  readonly transaction: Transaction;
  readonly protocol: CommitProtocol<unknown>;
  readonly elapsed: () => number;
  readonly waiters: ((ending: Ending) => void)[];
  readonly timers: Set<NodeJS.Timeout>;
  readonly events: Event[];
  /** The latest messages, to be told should the branches end differently. */
  readonly messages: string[];
  state: unknown;
  busy: boolean;
  dropped: boolean;
}

interface RuntimeParts {
  readonly log: TransactionLog;
  readonly sender: BranchSender;
  readonly failpoints: Failpoints;
  readonly trace: Trace;
  readonly metrics: Metrics;
  readonly logger: Logger;
  /** More transactions under way at once are refused before anything of them is done. */
  readonly mostOpen: number;
}

/** The protocols whose begin record may be missing in the log. */
const begunUnforced: ReadonlySet<CommitProtocolName> = new Set(['2pc', 'tcc']);

/** Messages of a transaction that are remembered. */
const mostMessages = 32;

/** Ended transactions that are remembered: as many as can be under way. */
const mostEnded = 4_096;

/** How long a log write waits that an injected fault made fail. */
const failedWriteRetryMs = 100;

/**
 * Executes the effects of the commit protocols: one state for each open transaction, one event of it at a time,
 * effects in the order in which the protocol gave them. A forced record is on disk before the next effect.
 */
export class TransactionRuntime {
  private readonly open = new Map<string, Running>();
  /** How the latest transactions ended: a request that comes late must not begin one of them again. */
  private readonly ended = new Map<string, Outcome>();
  private isDropped = false;

  constructor(private readonly parts: RuntimeParts) {}

  isOpen(gid: string): boolean {
    return this.open.has(gid);
  }

  /** On whose behalf a transaction runs; undefined when it is not under way. */
  correlationOf(gid: string): string | undefined {
    return this.open.get(gid)?.transaction.correlationId;
  }

  /**
   * Runs a transaction to its end, or joins it when it is under way. `resumed`: it may have been under way before, though
   * the log knows nothing of it.
   */
  execute(transaction: Transaction, resumed = false): Promise<Ending> | 'overloaded' {
    if (this.isDropped) return Promise.resolve('dropped');
    const ended = this.ended.get(transaction.gid);
    if (ended !== undefined) return Promise.resolve(ended);
    const running = this.open.get(transaction.gid);
    if (running === undefined && this.open.size >= this.parts.mostOpen) return 'overloaded';
    const joined = running ?? this.start(transaction);
    const ending = new Promise<Ending>((resolve) => joined.waiters.push(resolve));
    if (running === undefined) this.begin(joined, resumed);
    return ending;
  }

  /** Goes on with a transaction that an earlier coordinator, of a lower term, left open. */
  recover(transaction: Transaction, records: readonly LogRecord[], term: number): void {
    if (this.isDropped || this.open.has(transaction.gid)) return;
    const running = this.start(transaction);
    const kinds = records.map(({ kind }) => kind);
    this.note(running, { kind: 'took-over', term, records: kinds });
    this.deliver(running, { type: 'recover', records });
  }

  /** A participant's answer; one to a transaction that has ended means nothing. */
  receive(gid: string, event: BranchEvent): void {
    const running = this.open.get(gid);
    if (running === undefined || event.branch >= running.transaction.branches.length) return;
    remember(running, `${describe(event)} from branch ${event.branch}`);
    this.deliver(running, event);
  }

  /** Lets go of everything, for good: what is open stays open in the log, for the next coordinator to recover. */
  drop(): void {
    this.isDropped = true;
    for (const running of this.open.values()) {
      running.dropped = true;
      clearTimers(running);
      for (const resolve of running.waiters) resolve('dropped');
    }
    this.open.clear();
    this.parts.metrics.transactionsOpen.set(0);
  }

  private start(transaction: Transaction): Running {
    const protocol = commitProtocols[transaction.protocol];
    const running: Running = {
      transaction,
      protocol,
      elapsed: startTimer(),
      waiters: [],
      timers: new Set(),
      events: [],
      messages: [],
      state: protocol.initial(transaction.branches.length),
      busy: false,
      dropped: false,
    };
    this.open.set(transaction.gid, running);
    this.parts.metrics.transactionsOpen.set(this.open.size);
    return running;
  }

  /**
   * Participants may remember a transaction of which the log knows nothing, where the begin record is not forced. They
   * are asked as after a restart, and look for what they hold.
   */
  private begin(running: Running, resumed: boolean): void {
    if (!resumed || !begunUnforced.has(running.transaction.protocol)) {
      this.deliver(running, { type: 'begin' });
      return;
    }
    void this.append(running, { kind: 'begin' }, false);
    this.deliver(running, { type: 'recover', records: [{ kind: 'begin' }] });
  }

  private deliver(running: Running, event: Event): void {
    running.events.push(event);
    if (!running.busy) void this.work(running);
  }

  private async work(running: Running): Promise<void> {
    running.busy = true;
    try {
      for (let event = running.events.shift(); event !== undefined; event = running.events.shift()) {
        const { state, effects } = running.protocol.step(running.state, event);
        running.state = state;
        for (const effect of effects) {
          // Waiting only where the protocol says so keeps the other effects in one turn of the event loop.
          const performed = this.perform(running, effect);
          if (performed !== undefined) await performed;
          if (running.dropped) return;
        }
      }
    } catch (error) {
      // A broken invariant: this transaction stays open in the log and is left for a person to look at.
      this.parts.logger.fatal({ err: error, gid: running.transaction.gid }, 'a transaction was stopped');
      clearTimers(running);
    } finally {
      running.busy = false;
    }
  }

  private perform(running: Running, effect: Effect): Promise<void> | undefined {
    const { transaction } = running;
    switch (effect.type) {
      case 'persist':
        return this.persist(running, effect.record, effect.forced);
      case 'send': {
        const action = transaction.branches[effect.branch];
        invariant(action !== undefined, 'a message goes to a branch of the transaction');
        const { gid, correlationId } = transaction;
        const { branch, phase, attempt, code } = effect;
        remember(running, `${phase} to branch ${branch}`);
        return this.parts.sender.send({ gid, branch, phase, attempt, code, action, correlationId });
      }
      case 'schedule':
        this.schedule(running, effect);
        return undefined;
      case 'diverged':
        this.diverged(running, effect.branches);
        return undefined;
      case 'reply':
        this.reply(running, effect.outcome);
        return undefined;
      case 'forget':
        clearTimers(running);
        this.open.delete(transaction.gid);
        this.parts.metrics.transactionsOpen.set(this.open.size);
        return undefined;
      default:
        return assertNever(effect);
    }
  }

  private persist(running: Running, record: LogRecord, forced: boolean): Promise<void> | undefined {
    const point = `coordinator.${stepOf(record)}.before-log` as const;
    const hit = this.parts.failpoints.hit(point, running.transaction);
    if (hit === undefined) return this.append(running, record, forced);
    return this.pass(point, running, hit).then(() => this.append(running, record, forced));
  }

  private append(running: Running, record: LogRecord, forced: boolean): Promise<void> | undefined {
    if (running.dropped) return undefined;
    const written = this.parts.log
      .append(running.transaction, record, forced)
      .then(() => this.logged(running, record, forced));
    return forced ? written : undefined;
  }

  private logged(running: Running, record: LogRecord, forced: boolean): Promise<void> | undefined {
    this.note(running, { kind: 'logged', record: record.kind, forced });
    const point = `coordinator.${stepOf(record)}.after-log` as const;
    const hit = this.parts.failpoints.hit(point, running.transaction);
    return hit === undefined ? undefined : this.pass(point, running, hit);
  }

  /** Waits at a log write's failpoint: a write that fails is tried again, for as long as the fault is there. */
  private async pass(point: Failpoint, running: Running, first: Promise<Hit>): Promise<void> {
    const { failpoints, logger } = this.parts;
    for (
      let hit: Promise<Hit> | undefined = first;
      hit !== undefined && !running.dropped;
      hit = failpoints.hit(point, running.transaction)
    ) {
      try {
        await hit;
        return;
      } catch (error) {
        if (!(error instanceof InjectedFault)) throw error;
        logger.warn({ err: error }, 'the transaction log cannot be written; trying again');
        await new Promise((resolve) => setTimeout(resolve, failedWriteRetryMs));
      }
    }
  }

  private schedule(running: Running, { timer, round, delayMs }: Extract<Effect, { type: 'schedule' }>): void {
    const timeout = setTimeout(() => {
      running.timers.delete(timeout);
      this.deliver(running, { type: 'timer', timer, round });
    }, delayMs);
    running.timers.add(timeout);
  }

  private reply(running: Running, outcome: Outcome): void {
    const { metrics, logger } = this.parts;
    const { gid, protocol, correlationId } = running.transaction;
    metrics.transactions.observe({ protocol, outcome: outcome.outcome }, running.elapsed());
    runInScope({ correlationId }, () => logger.debug({ gid, protocol, ...outcome }, 'transaction ended'));
    this.note(running, { kind: 'ended', outcome: textOf(outcome) });
    if (protocol !== 'none') this.remember(gid, outcome);
    for (const resolve of running.waiters) resolve(outcome);
  }

  private remember(gid: string, outcome: Outcome): void {
    this.ended.set(gid, outcome);
    if (this.ended.size <= mostEnded) return;
    for (const [oldest] of this.ended) {
      this.ended.delete(oldest);
      return;
    }
  }

  private diverged(running: Running, branches: readonly number[]): void {
    const { metrics, logger } = this.parts;
    const { gid, correlationId } = running.transaction;
    const detail = running.messages.join(', ');
    metrics.transactionsDiverged.inc();
    runInScope({ correlationId }, () =>
      logger.error({ gid, branches, messages: detail }, 'a transaction has diverged'),
    );
    this.note(running, { kind: 'diverged', branches, detail });
  }

  private note({ transaction: { gid, correlationId } }: Running, what: What): void {
    this.parts.trace.note(gid, correlationId, what);
  }
}

/** For example `aborted out-of-stock`. */
export function textOf(outcome: Outcome): string {
  return outcome.outcome === 'committed' ? 'committed' : `aborted ${outcome.code}`;
}

function stepOf({ kind }: LogRecord): LoggedStep {
  return kind === 'commit' || kind === 'abort' ? 'decision' : kind;
}

/** Only 3PC can diverge. */
function remember(running: Running, message: string): void {
  const { transaction, messages } = running;
  if (transaction.protocol !== '3pc') return;
  messages.push(message);
  if (messages.length > mostMessages) messages.shift();
}

/** For example `prepare: refused out-of-stock`. */
export function describe(event: BranchEvent): string {
  switch (event.type) {
    case 'done':
      return `${event.phase}: done`;
    case 'refused':
      return `${event.phase}: refused ${event.code}`;
    case 'decided-alone':
      return `decided alone: ${event.outcome}`;
    default:
      return assertNever(event);
  }
}

function clearTimers(running: Running): void {
  for (const timer of running.timers) clearTimeout(timer);
  running.timers.clear();
}
