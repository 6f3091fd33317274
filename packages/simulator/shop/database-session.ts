import type { SimulatedProcess } from '../kernel/simulated-process.js';
import type { World } from '../kernel/world.js';
import type { LockOwner, LockTable } from './lock-table.js';

interface Work extends LockOwner {
  readonly incarnation: number;
  /** The database has the whole of it: it may go on when the process that sent it dies. */
  isSent: boolean;
}

/** One process's connections to a database: transactions that wait for locks, take time, and may fail. */
export class DatabaseSession {
  private readonly works = new Set<Work>();

  constructor(
    private readonly world: World,
    private readonly process: SimulatedProcess,
    private readonly locks: LockTable,
  ) {}

  /** A transaction of one statement. `body` runs at its commit; `then` gets its result back in the process. */
  statement<Result>(
    locks: readonly number[],
    body: (owner: LockOwner) => Result,
    then: (result: Result) => void,
    failed: () => void,
  ): void {
    const work = this.begin(true);
    this.locks.acquire(
      work,
      locks,
      () => this.commit(work, body, then, failed),
      () => this.fail(work, failed),
    );
  }

  /** A transaction of several statements: its process may pause or die while it holds the locks. */
  transaction<Result>(
    locks: readonly number[],
    body: (owner: LockOwner) => Result,
    then: (result: Result) => void,
    failed: () => void,
  ): void {
    const work = this.begin(false);
    const granted = (): void => {
      this.world.plan(this.process, this.world.random.between(0.2, 2), () => {
        work.isSent = true;
        this.commit(work, body, then, failed);
      });
    };
    this.locks.acquire(work, locks, granted, () => this.fail(work, failed));
  }

  /** The process has died: what was sent may be done nevertheless, the rest is rolled back. */
  crash(): void {
    for (const work of this.works) {
      if (work.isSent && this.world.random.chance(0.5)) continue;
      work.isGone = true;
      this.locks.release(work);
    }
    this.works.clear();
  }

  private begin(isSent: boolean): Work {
    const work: Work = { locks: [], isGone: false, incarnation: this.process.incarnation, isSent };
    this.works.add(work);
    return work;
  }

  private commit<Result>(
    work: Work,
    body: (owner: LockOwner) => Result,
    then: (result: Result) => void,
    failed: () => void,
  ): void {
    this.world.plan(undefined, this.world.random.between(0.5, 2.5), () => {
      if (work.isGone) return;
      if (this.world.failsStatement()) return this.fail(work, failed);
      const result = body(work);
      this.locks.release(work);
      this.answer(work, () => then(result));
    });
  }

  private fail(work: Work, failed: () => void): void {
    this.locks.release(work);
    this.answer(work, failed);
  }

  private answer(work: Work, run: () => void): void {
    this.works.delete(work);
    if (work.incarnation === this.process.incarnation)
      this.world.plan(this.process, this.world.random.between(0.1, 0.5), run);
  }
}
