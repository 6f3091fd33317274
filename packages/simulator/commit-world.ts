import { assertNever } from '#protocols/assert.js';
import type { CommitProtocol, Effect, Event, LogRecord, Outcome, Phase } from '#protocols/commit/messages.js';
import type { BranchAnswer, BranchModel } from './branch-model.js';
import { contradiction, disagreement, oneEffect, recordBefore, type SafetyRule } from './commit-safety.js';
import { Network } from './network.js';
import { SimulatedLog } from './simulated-log.js';

/** What can happen to a transaction. Numbers choose among what there is, modulo its count. */
export type Incident =
  | { do: 'deliver'; message: number }
  | { do: 'duplicate'; message: number }
  | { do: 'lose'; message: number }
  | { do: 'time-out'; timer: number }
  | { do: 'flush'; records: number }
  /** Crashes the coordinator once it has performed so many more effects; of its unforced records, some are kept. */
  | { do: 'crash'; afterEffects: number; keptRecords: number }
  | { do: 'restart' }
  /** The caller asks for the transaction, or asks again how it ended. */
  | { do: 'ask' };

type Message =
  | { to: 'branch'; branch: number; phase: Phase; attempt: number }
  | { to: 'coordinator'; branch: number; phase: Phase; answer: BranchAnswer };

/** Thrown when a protocol broke its promise; the message tells all that had happened. */
export class BrokenPromise extends Error {}

/** Far more than any transaction of a handful of branches needs. */
const mostStepsToHeal = 1_000;
/** Who never ends does not have to be told in full. */
const mostLinesTold = 150;

/**
 * One transaction: a coordinator that runs a protocol core as the runtime does, its log, a network, its branches
 * and the caller who waits for it. Safety is checked after every incident and every effect.
 */
export class CommitWorld {
  private readonly network = new Network<Message>();
  private readonly log = new SimulatedLog();
  private readonly history: string[] = [];
  private running: { state: unknown } | undefined;
  private timers: Extract<Effect, { type: 'schedule' }>[] = [];
  private up = true;
  private crashDue: { afterEffects: number; keptRecords: number } | undefined;
  private told: Outcome | undefined;

  constructor(
    private readonly protocol: CommitProtocol<unknown>,
    private readonly branches: readonly BranchModel[],
    private readonly rules: readonly SafetyRule[],
  ) {}

  happen(incident: Incident): void {
    this.history.push(JSON.stringify(incident));
    switch (incident.do) {
      case 'deliver':
        this.deliver(this.network.take(incident.message));
        break;
      case 'duplicate':
        this.deliver(this.network.copy(incident.message));
        break;
      case 'lose':
        this.network.take(incident.message);
        break;
      case 'time-out':
        this.timeOut(incident.timer);
        break;
      case 'flush':
        this.log.flush(incident.records);
        break;
      case 'crash':
        this.crashDue = incident;
        this.crashWhenDue();
        break;
      case 'restart':
        this.restart();
        break;
      case 'ask':
        this.ask();
        break;
      default:
        assertNever(incident);
    }
    this.check();
  }

  /** From now on nothing fails: the transaction must come to an end, the same one for all branches. */
  heal(): void {
    this.crashDue = undefined;
    for (let steps = 0; steps < mostStepsToHeal; steps++) {
      if (!this.up) this.happen({ do: 'restart' });
      else if (this.network.size > 0) this.happen({ do: 'deliver', message: 0 });
      else if (this.running === undefined && this.told === undefined) this.happen({ do: 'ask' });
      else if (this.timers.length > 0) this.happen({ do: 'time-out', timer: this.nextTimer() });
      else if (this.running !== undefined) throw this.broken('the coordinator waits for nothing');
      else return this.require(disagreement(this.branches));
    }
    throw this.broken('the transaction does not come to an end');
  }

  private deliver(message: Message | undefined): void {
    if (message === undefined) return;
    const { branch, phase } = message;
    if (message.to === 'coordinator') {
      this.step({ ...message.answer, branch, phase });
      return;
    }
    const answer = this.branches[branch]?.handle(phase, message.attempt);
    this.history.push(
      `  branch ${branch}: ${phase} -> ${this.branches[branch]?.state}, ${answer?.type ?? 'silent'}`,
    );
    if (answer !== undefined) this.network.send({ to: 'coordinator', branch, phase, answer });
  }

  private timeOut(choice: number): void {
    const [fired] = this.timers.splice(choice % this.timers.length, 1);
    if (fired !== undefined) this.step({ type: 'timer', timer: fired.timer, round: fired.round });
  }

  private nextTimer(): number {
    const delays = this.timers.map(({ delayMs }) => delayMs);
    return delays.indexOf(Math.min(...delays));
  }

  private ask(): void {
    if (!this.up || this.running !== undefined) return;
    // Looking up how a transaction ended waits for what is on its way to the disk.
    this.log.flush(Number.POSITIVE_INFINITY);
    if (this.log.isDurable('end')) return this.tell(outcomeOf(this.log.durable()));
    this.running = { state: this.protocol.initial(this.branches.length) };
    this.step({ type: 'begin' });
  }

  private restart(): void {
    if (this.up) return;
    this.up = true;
    if (!this.log.isDurable('begin') || this.log.isDurable('end')) return;
    this.running = { state: this.protocol.initial(this.branches.length) };
    this.step({ type: 'recover', records: this.log.durable() });
  }

  private crashWhenDue(): boolean {
    if (this.crashDue === undefined || this.crashDue.afterEffects > 0) return false;
    this.log.flush(this.crashDue.keptRecords);
    this.log.crash();
    this.crashDue = undefined;
    this.up = false;
    this.running = undefined;
    this.timers = [];
    this.history.push('  the coordinator has crashed');
    return true;
  }

  /** An event for the coordinator; one that is down, or has forgotten the transaction, does not hear it. */
  private step(event: Event): void {
    if (this.running === undefined) return;
    const { state, effects } = this.protocol.step(this.running.state, event);
    this.running.state = state;
    for (const effect of effects) {
      this.history.push(`  ${JSON.stringify(effect)}`);
      this.perform(effect);
      this.check();
      if (this.crashDue !== undefined)
        this.crashDue = { ...this.crashDue, afterEffects: this.crashDue.afterEffects - 1 };
      if (this.crashWhenDue()) return;
    }
  }

  private perform(effect: Effect): void {
    switch (effect.type) {
      case 'persist':
        this.log.append(effect.record, effect.forced);
        return;
      case 'send': {
        const { branch, phase, attempt } = effect;
        const record = recordBefore[phase];
        const isTooEarly = record !== undefined && !this.log.isDurable(record);
        this.require(isTooEarly ? `${phase} is sent before the ${record} record is on disk` : undefined);
        this.network.send({ to: 'branch', branch, phase, attempt });
        return;
      }
      case 'schedule':
        this.timers.push(effect);
        return;
      case 'reply':
        this.tell(effect.outcome);
        return;
      case 'forget':
        this.running = undefined;
        this.timers = [];
        return;
      default:
        assertNever(effect);
    }
  }

  private tell(outcome: Outcome): void {
    const changed = this.told !== undefined && this.told.outcome !== outcome.outcome;
    this.require(changed ? `the reply was ${this.told?.outcome} and is now ${outcome.outcome}` : undefined);
    this.told = outcome;
  }

  private check(): void {
    for (const rule of [oneEffect, ...this.rules]) this.require(rule(this.branches));
    this.require(contradiction(this.told, this.branches));
  }

  private require(broken: string | undefined): void {
    if (broken !== undefined) throw this.broken(broken);
  }

  private broken(what: string): BrokenPromise {
    return new BrokenPromise(
      `${what}\nWhat had happened:\n${this.history.slice(0, mostLinesTold).join('\n')}`,
    );
  }
}

/** How the log says that a transaction ended; the coordinator's storage answers by the same rule. */
function outcomeOf(records: readonly LogRecord[]): Outcome {
  const abort = records.find((record) => record.kind === 'abort');
  return abort === undefined ? { outcome: 'committed' } : { outcome: 'aborted', code: abort.code };
}
