import type { LogRecord } from '#protocols/commit/messages.js';
import type { SimulatedProcess } from '../kernel/simulated-process.js';
import type { World } from '../kernel/world.js';
import type { LogWrite, SharedLog } from './shared-log.js';

interface Waiting extends LogWrite {
  readonly written: (() => void) | undefined;
}

/** How long a record that nobody waits for may stay in memory. */
const lazyMs = 20;

/**
 * A coordinator's side of the log: group commit, as services/coordinator/storage does it. One write is under way at a
 * time; what comes meanwhile goes with the next one. A crash loses what is in memory and tears what is under way.
 */
export class LogWriter {
  private waiting: Waiting[] = [];
  private isWriting = false;
  private isLazy = false;
  private whenWritten: (() => void)[] = [];

  /** @param deposed called when a write was refused: the term is over */
  constructor(
    private readonly world: World,
    private readonly process: SimulatedProcess,
    private readonly log: SharedLog,
    private readonly term: number,
    private readonly deposed: () => void,
  ) {}

  /** `written` makes it a forced record: it is called when it is on disk, and with it every earlier one. */
  append(gid: number, record: LogRecord, written: (() => void) | undefined): void {
    this.waiting.push({ gid, record, written });
    if (this.isWriting) return;
    if (written !== undefined) return this.writeAll();
    if (this.isLazy) return;
    this.isLazy = true;
    this.world.plan(this.process, lazyMs, () => {
      this.isLazy = false;
      if (!this.isWriting) this.writeAll();
    });
  }

  /** Calls back when everything that was appended so far is on disk. */
  flushed(then: () => void): void {
    if (this.waiting.length === 0 && !this.isWriting) return then();
    this.whenWritten.push(then);
    if (!this.isWriting) this.writeAll();
  }

  private writeAll(): void {
    const group = this.waiting;
    if (group.length === 0) {
      this.isWriting = false;
      const waiters = this.whenWritten;
      this.whenWritten = [];
      for (const then of waiters) then();
      return;
    }
    this.waiting = [];
    this.isWriting = true;
    const { world, process, log, term } = this;
    const { incarnation } = process;
    world.call(process, log.process, () => {
      const isTorn = process.incarnation !== incarnation;
      const isTermCurrent = log.write(group, term, isTorn ? world.random.below(group.length + 1) : undefined);
      if (isTorn) return;
      world.plan(process, world.random.between(0.5, 2), () => {
        if (!isTermCurrent) return this.deposed();
        world.inTurn(process, [...group.map(({ written }) => written ?? nothing), () => this.writeAll()]);
      });
    });
  }
}

function nothing(): void {
  // Nobody waits for a record that is not forced.
}
