import type { Branch } from '#generated/tristate/transaction/v1/transaction.js';
import { commitProtocols, type CommitProtocolName } from '#protocols/commit/catalogue.js';
import { assertNever, invariant } from '#protocols/assert.js';
import type { CommitProtocol, Effect, Event, LogRecord, Outcome, Phase } from '#protocols/commit/messages.js';
import { currentScope, runInScope } from '../logging/correlation.js';
import type { Logger } from '../logging/logger.js';
import { startTimer, type Metrics } from '../metrics/metrics.js';

/** What a transaction is; its begin record holds it. */
export interface Transaction {
  /** A UUIDv7: the order's id. */
  readonly gid: string;
  readonly protocol: CommitProtocolName;
  readonly branches: readonly Branch[];
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

/** Takes messages to participants; may lose them. */
export interface BranchSender {
  send(message: BranchMessage): void;
}

interface Running {
  readonly transaction: Transaction;
  readonly protocol: CommitProtocol<unknown>;
  readonly correlationId: string;
  readonly elapsed: () => number;
  readonly waiters: ((outcome: Outcome) => void)[];
  readonly timers: Set<NodeJS.Timeout>;
  readonly events: Event[];
  state: unknown;
  busy: boolean;
}

/** More transactions under way at once are refused before anything of them is done. */
const mostOpen = 4_096;

/**
 * Executes the effects of the commit protocols: one state for each open transaction, one event of it at a time,
 * effects in the order in which the protocol gave them. A forced record is on disk before the next effect.
 */
export class TransactionRuntime {
  private readonly open = new Map<string, Running>();

  constructor(
    private readonly log: TransactionLog,
    private readonly sender: BranchSender,
    private readonly metrics: Metrics,
    private readonly logger: Logger,
  ) {}

  isOpen(gid: string): boolean {
    return this.open.has(gid);
  }

  /** Runs a transaction to its end, or joins it when it is under way. */
  execute(transaction: Transaction): Promise<Outcome> | 'overloaded' {
    const running = this.open.get(transaction.gid);
    if (running === undefined && this.open.size >= mostOpen) return 'overloaded';
    const joined = running ?? this.start(transaction);
    const outcome = new Promise<Outcome>((resolve) => joined.waiters.push(resolve));
    if (running === undefined) this.deliver(joined, { type: 'begin' });
    return outcome;
  }

  /** Goes on with a transaction that was open when the coordinator stopped. */
  recover(transaction: Transaction, records: readonly LogRecord[]): void {
    if (this.open.has(transaction.gid)) return;
    this.deliver(this.start(transaction), { type: 'recover', records });
  }

  /** A participant's answer; one to a transaction that has ended means nothing. */
  receive(gid: string, event: Extract<Event, { type: 'done' | 'refused' }>): void {
    const running = this.open.get(gid);
    if (running === undefined || event.branch >= running.transaction.branches.length) return;
    this.deliver(running, event);
  }

  /** Stops all timers: what is open stays open, for the next coordinator to recover. */
  close(): void {
    for (const running of this.open.values()) clearTimers(running);
    this.open.clear();
  }

  private start(transaction: Transaction): Running {
    const protocol = commitProtocols[transaction.protocol];
    const running: Running = {
      transaction,
      protocol,
      correlationId: currentScope()?.correlationId ?? transaction.gid,
      elapsed: startTimer(),
      waiters: [],
      timers: new Set(),
      events: [],
      state: protocol.initial(transaction.branches.length),
      busy: false,
    };
    this.open.set(transaction.gid, running);
    this.metrics.transactionsOpen.set(this.open.size);
    return running;
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
          const written = this.perform(running, effect);
          if (written !== undefined) await written;
        }
      }
    } catch (error) {
      // A broken invariant: this transaction stays open in the log and is left for a person to look at.
      this.logger.fatal({ err: error, gid: running.transaction.gid }, 'a transaction was stopped');
      clearTimers(running);
    } finally {
      running.busy = false;
    }
  }

  private perform(running: Running, effect: Effect): Promise<void> | undefined {
    const { transaction, correlationId } = running;
    switch (effect.type) {
      case 'persist': {
        const written = this.log.append(transaction, effect.record, effect.forced);
        return effect.forced ? written : undefined;
      }
      case 'send': {
        const action = transaction.branches[effect.branch];
        invariant(action !== undefined, 'a message goes to a branch of the transaction');
        const { branch, phase, attempt, code } = effect;
        this.sender.send({ gid: transaction.gid, branch, phase, attempt, code, action, correlationId });
        return undefined;
      }
      case 'schedule':
        this.schedule(running, effect);
        return undefined;
      case 'reply':
        this.reply(running, effect.outcome);
        return undefined;
      case 'forget':
        clearTimers(running);
        this.open.delete(transaction.gid);
        this.metrics.transactionsOpen.set(this.open.size);
        return undefined;
      default:
        return assertNever(effect);
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
    const { gid, protocol } = running.transaction;
    this.metrics.transactions.observe({ protocol, outcome: outcome.outcome }, running.elapsed());
    runInScope({ correlationId: running.correlationId }, () =>
      this.logger.debug({ gid, protocol, ...outcome }, 'transaction ended'),
    );
    for (const resolve of running.waiters) resolve(outcome);
  }
}

function clearTimers(running: Running): void {
  for (const timer of running.timers) clearTimeout(timer);
  running.timers.clear();
}
