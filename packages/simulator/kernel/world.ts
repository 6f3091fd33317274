import { actingPoint, type Coverage } from './coverage.js';
import { noFaults, type FaultPlan, type PlannedFault } from './fault-plan.js';
import { Agenda, type Planned } from './agenda.js';
import { type Random } from './random.js';
import { type SimulatedProcess } from './simulated-process.js';

interface Happening extends Planned {
  /** Whose memory it needs; undefined for a database and for the world itself. */
  readonly process: SimulatedProcess | undefined;
  readonly incarnation: number;
  /** Goes on for ever, like a heartbeat: the schedule does not wait for it. */
  readonly isBackground: boolean;
  readonly run: () => void;
}

/** More in one schedule means that something goes round in circles. */
const mostHappenings = 200_000;
/** Who never ends does not have to be told in full. */
const mostLinesTold = 4_000;

/**
 * Virtual time, the processes and the network between them. Everything that happens is on one agenda, and every choice
 * comes from the seed: a schedule is a pure function of it.
 */
export class World {
  nowMs = 0;
  /** How many faults have happened so far, messages that were lost or late among them. */
  disturbances = 0;
  readonly history: string[] = [];
  private readonly agenda = new Agenda<Happening>();
  private readonly processes: SimulatedProcess[] = [];
  private planned = 0;
  private foreground = 0;
  private happenings = 0;
  private faults: FaultPlan = noFaults;
  /** Where each armed failpoint is in its countdown. */
  private readonly passes = new Map<PlannedFault, number>();

  /**
   * @param random for delays and losses. @param coverage counts the failpoints, over many schedules
   * @param isTold whether to keep the history, which costs more than the schedule itself
   */
  constructor(
    readonly random: Random,
    private readonly coverage: Coverage,
    readonly isTold: boolean,
  ) {}

  /** Whether the faults are over. */
  get isHealed(): boolean {
    return this.faults === noFaults;
  }

  add(process: SimulatedProcess): void {
    this.processes.push(process);
  }

  start(process: SimulatedProcess): void {
    if (process.isUp) return;
    process.isUp = true;
    // What was planned for it while it was down is lost, too.
    process.incarnation += 1;
    this.tell(`${process.name} starts`);
    for (const started of process.whenStarted) started();
  }

  /** Plans `run` for a process's present incarnation. */
  plan(process: SimulatedProcess | undefined, delayMs: number, run: () => void): void {
    // An answer to what it asked for before it crashed reaches nobody.
    if (process?.isUp === false) return;
    this.foreground += 1;
    this.enter(process, this.nowMs + delayMs, run, false);
  }

  /** As `plan`, for what a schedule does not have to wait for. */
  planBackground(process: SimulatedProcess | undefined, delayMs: number, run: () => void): void {
    if (process?.isUp === false) return;
    this.enter(process, this.nowMs + delayMs, run, true);
  }

  /** Does one thing after the other, and no more than one after a crash or before the end of a pause. */
  inTurn(process: SimulatedProcess, steps: readonly (() => void)[], from = 0): void {
    const { incarnation } = process;
    for (let at = from; at < steps.length; at++) {
      if (process.incarnation !== incarnation) return;
      if (process.pausedUntilMs > this.nowMs)
        return this.plan(process, 0, () => this.inTurn(process, steps, at));
      steps[at]?.();
    }
  }

  /** A message: it may be lost, late or repeated, and a receiver that is restarted meanwhile never sees it. */
  send(from: SimulatedProcess, to: SimulatedProcess, deliver: () => void): void {
    const { lossChance, repeatChance, lateChance, latestMs } = this.faults.network;
    if (!to.isUp || from.side !== to.side || this.random.chance(lossChance)) {
      this.disturbances += 1;
      return;
    }
    const isLate = this.random.chance(lateChance);
    if (isLate) this.disturbances += 1;
    this.plan(to, this.random.between(0.2, 3) + (isLate ? this.random.between(10, latestMs) : 0), deliver);
    if (this.random.chance(repeatChance)) this.plan(to, this.random.between(0.2, latestMs), deliver);
  }

  /** A call to a database: it is not lost, but has to wait for the end of a partition. */
  call(from: SimulatedProcess, to: SimulatedProcess, run: () => void): void {
    if (from.side !== to.side) {
      this.planBackground(from, retryCallMs, () => this.call(from, to, run));
      return;
    }
    this.plan(undefined, this.random.between(0.2, 1.5), run);
  }

  /** As `call`, for heartbeats; one that meets a partition is left out. */
  callBackground(from: SimulatedProcess, to: SimulatedProcess, run: () => void): void {
    if (from.side === to.side) this.planBackground(undefined, this.random.between(0.2, 1.5), run);
  }

  failsStatement(): boolean {
    const fails = this.random.chance(this.faults.statementFailureChance);
    if (fails) this.disturbances += 1;
    return fails;
  }

  /** Passes the failpoint `point`: `go` follows at once, later, twice or never; `fail` when it is told to fail. */
  pass(process: SimulatedProcess, point: number, go: () => void, fail: () => void): void {
    this.coverage.reached[point] = 1;
    const fault = this.faults.armed.get(point);
    if (fault === undefined) return go();
    const passes = (this.passes.get(fault) ?? 0) + 1;
    this.passes.set(fault, passes);
    if (passes !== fault.pass) return go();
    this.disturbances += 1;
    this.coverage.hits[point] = (this.coverage.hits[point] ?? 0) + 1;
    this.tell(`${actingPoint(point)}: ${fault.action} of ${process.name}`);
    switch (fault.action) {
      case 'crash':
        return this.crash(process, fault.forMs);
      case 'pause':
        this.pause(process, fault.forMs);
        return this.plan(process, 0, go);
      case 'delay':
        return this.plan(process, fault.forMs, go);
      case 'duplicate':
        this.plan(process, fault.forMs, go);
        return go();
      case 'error':
      case 'drop-request':
      case 'drop-reply':
        return fail();
    }
  }

  crash(process: SimulatedProcess, downMs: number): void {
    if (!process.isUp || !process.canFail) return;
    this.disturbances += 1;
    this.tell(`${process.name} crashes`);
    process.isUp = false;
    process.incarnation += 1;
    process.pausedUntilMs = 0;
    for (const crashed of process.whenCrashed) crashed();
    this.plan(undefined, downMs, () => this.start(process));
  }

  pause(process: SimulatedProcess, forMs: number): void {
    if (!process.isUp || !process.canFail) return;
    this.disturbances += 1;
    this.tell(`${process.name} pauses for ${forMs.toFixed(0)} ms`);
    process.pausedUntilMs = Math.max(process.pausedUntilMs, this.nowMs + forMs);
  }

  /** From now on the plan's faults happen. */
  disturb(faults: FaultPlan): void {
    this.faults = faults;
    for (const incident of faults.incidents) {
      const process = this.processes[incident.process % this.processes.length];
      if (process === undefined) continue;
      this.planBackground(undefined, incident.atMs, () => {
        if (this.isHealed) return;
        if (incident.kind === 'crash') this.crash(process, incident.forMs);
        else if (incident.kind === 'pause') this.pause(process, incident.forMs);
        else this.divide(incident.sides, incident.forMs);
      });
    }
  }

  /** No more faults: messages arrive, partitions and pauses are over, what is down starts. */
  heal(): void {
    this.tell('everything heals');
    this.faults = noFaults;
    this.join();
    for (const process of this.processes) {
      process.pausedUntilMs = 0;
      this.start(process);
    }
  }

  /** Runs what is planned up to `untilMs`; ends earlier when `isOver` says so and nothing but background is left. */
  run(untilMs: number, isOver: () => boolean): void {
    for (let next = this.agenda.take(); next !== undefined; next = this.agenda.take()) {
      if (next.atMs > untilMs) {
        this.agenda.add(next);
        this.nowMs = untilMs;
        return;
      }
      this.nowMs = next.atMs;
      this.happen(next);
      if (this.foreground === 0 && isOver()) return;
    }
  }

  tell(line: string): void {
    if (!this.isTold || this.history.length >= mostLinesTold) return;
    this.history.push(`${this.nowMs.toFixed(1).padStart(9)} ${line}`);
  }

  private happen(next: Happening): void {
    const { process } = next;
    if (++this.happenings > mostHappenings) throw new Error('The schedule goes round in circles');
    if (
      process !== undefined &&
      process.pausedUntilMs > this.nowMs &&
      process.incarnation === next.incarnation
    ) {
      this.enter(process, process.pausedUntilMs, next.run, next.isBackground);
      return;
    }
    if (!next.isBackground) this.foreground -= 1;
    if (process === undefined || process.incarnation === next.incarnation) next.run();
  }

  private enter(
    process: SimulatedProcess | undefined,
    atMs: number,
    run: () => void,
    isBackground: boolean,
  ): void {
    const incarnation = process === undefined ? 0 : process.incarnation;
    this.agenda.add({ atMs, order: this.planned++, process, incarnation, isBackground, run });
  }

  private divide(sides: number, forMs: number): void {
    this.disturbances += 1;
    this.processes.forEach((process, index) => (process.side = (sides >> index) & 1));
    this.tell(
      `a partition cuts off ${this.processes.flatMap(({ side, name }) => (side === 1 ? [name] : [])).join(', ')}`,
    );
    this.planBackground(undefined, forMs, () => this.join());
  }

  private join(): void {
    if (this.processes.some(({ side }) => side !== 0)) this.tell('the partition is over');
    for (const process of this.processes) process.side = 0;
  }
}

const retryCallMs = 100;
