import { assertNever } from '#protocols/assert.js';
import type { CommitProtocol, Effect, Event, LogRecord, Outcome, Phase } from '#protocols/commit/messages.js';
import type { SimulatedProcess } from '../kernel/simulated-process.js';
import type { World } from '../kernel/world.js';
import { logPoints, messagePoints } from './coordinator-points.js';
import type { LogWriter } from './log-writer.js';
import { branchCount } from './orders-to-place.js';

type Waiter = (outcome: Outcome) => void;

interface Running {
  readonly gid: number;
  readonly core: CommitProtocol<unknown>;
  readonly waiters: Waiter[];
  readonly events: Event[];
  state: unknown;
  effects: readonly Effect[];
  at: number;
  isBusy: boolean;
  isOver: boolean;
}

/** What the runtime needs of the coordinator around it. */
export interface RuntimeHost {
  coreOf(gid: number): CommitProtocol<unknown>;
  /** Asks a participant; the message may be lost. */
  send(gid: number, branch: number, phase: Phase, attempt: number, code: string): void;
  /** A reply is about to be given. */
  replies(gid: number, outcome: Outcome): void;
}

/** How long a log write waits after an error before it is tried again. */
const retryWriteMs = 100;

/**
 * Executes the effects of the protocol cores, as packages/platform/runtime does: one event of a transaction at a
 * time, its effects in order, and a forced record is on disk before what follows it.
 */
export class RuntimeModel {
  private readonly open = new Map<number, Running>();

  constructor(
    private readonly world: World,
    private readonly process: SimulatedProcess,
    private readonly log: LogWriter,
    private readonly host: RuntimeHost,
  ) {}

  get size(): number {
    return this.open.size;
  }

  isOpen(gid: number): boolean {
    return this.open.has(gid);
  }

  /** Runs a transaction to its end, or joins it when it is under way. */
  execute(gid: number, waiter: Waiter): void {
    const running = this.open.get(gid);
    if (running !== undefined) {
      running.waiters.push(waiter);
      return;
    }
    const started = this.start(gid);
    started.waiters.push(waiter);
    this.deliver(started, { type: 'begin' });
  }

  recover(gid: number, records: readonly LogRecord[]): void {
    if (!this.open.has(gid)) this.deliver(this.start(gid), { type: 'recover', records });
  }

  receive(gid: number, event: Event): void {
    const running = this.open.get(gid);
    if (running !== undefined) this.deliver(running, event);
  }

  /** The term is over, or the process is dead: nothing of what is open goes on here. */
  drop(): void {
    for (const running of this.open.values()) running.isOver = true;
    this.open.clear();
  }

  private start(gid: number): Running {
    const core = this.host.coreOf(gid);
    const running: Running = {
      gid,
      core,
      waiters: [],
      events: [],
      state: core.initial(branchCount),
      effects: [],
      at: 0,
      isBusy: false,
      isOver: false,
    };
    this.open.set(gid, running);
    return running;
  }

  private deliver(running: Running, event: Event): void {
    running.events.push(event);
    if (running.isBusy) return;
    running.isBusy = true;
    this.proceed(running);
  }

  /** Performs effects until one has to be waited for; whoever ends the waiting calls it again. */
  private proceed(running: Running): void {
    const { process, world } = this;
    while (!running.isOver) {
      if (process.pausedUntilMs > world.nowMs) return world.plan(process, 0, () => this.proceed(running));
      const effect = running.effects[running.at];
      if (effect === undefined) {
        const event = running.events.shift();
        if (event === undefined) {
          running.isBusy = false;
          return;
        }
        const { state, effects } = running.core.step(running.state, event);
        running.state = state;
        running.effects = effects;
        running.at = 0;
        continue;
      }
      running.at += 1;
      if (this.perform(running, effect) === 'waits') return;
    }
  }

  private perform(running: Running, effect: Effect): 'goes-on' | 'waits' {
    const { gid } = running;
    switch (effect.type) {
      case 'persist':
        this.persist(running, effect);
        return 'waits';
      case 'send': {
        const { branch, phase, attempt, code } = effect;
        const send = (): void => this.host.send(gid, branch, phase, attempt, code);
        this.world.pass(this.process, messagePoints[phase].beforeSend, send, nothing);
        return 'goes-on';
      }
      case 'schedule':
        this.world.plan(this.process, effect.delayMs, () => {
          if (!running.isOver)
            this.deliver(running, { type: 'timer', timer: effect.timer, round: effect.round });
        });
        return 'goes-on';
      case 'diverged':
        return 'goes-on';
      case 'reply':
        this.world.tell(`${this.process.name}: ${gid} is ${effect.outcome.outcome}`);
        this.host.replies(gid, effect.outcome);
        for (const waiter of running.waiters) waiter(effect.outcome);
        return 'goes-on';
      case 'forget':
        running.isOver = true;
        this.open.delete(gid);
        return 'goes-on';
      default:
        return assertNever(effect);
    }
  }

  private persist(running: Running, effect: Extract<Effect, { type: 'persist' }>): void {
    const { record, forced } = effect;
    const { before, after } = logPoints[record.kind];
    const again = (): void => {
      this.world.plan(this.process, retryWriteMs, () => {
        if (!running.isOver) this.persist(running, effect);
      });
    };
    const goOn = (): void => {
      if (!running.isOver) this.proceed(running);
    };
    const append = (): void => {
      if (running.isOver) return;
      const written = (): void => this.world.pass(this.process, after, goOn, again);
      this.log.append(running.gid, record, forced ? written : undefined);
      if (!forced) written();
    };
    this.world.pass(this.process, before, append, again);
  }
}

function nothing(): void {
  // A message that is lost before it is sent.
}
