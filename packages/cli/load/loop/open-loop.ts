import type { OpenLoop, WorkerPlan } from '../load-plan.js';
import type { ConnectionPool } from '../wire/connection-pool.js';
import type { TimedRequest } from '../wire/timed-request.js';
import type { Pacer } from './pacer.js';
import { newRequestMaker, RunSchedule } from './request-source.js';

/**
 * Sends every request when it is due, whatever has become of those before it. A load tester that waits for answers asks a slow
 * server less often, and leaves out the very requests that would have been slow (Tene, "How NOT to measure latency", 2015).
 */
export class OpenLoopRun {
  private readonly schedule: RunSchedule;
  private readonly make: ReturnType<typeof newRequestMaker>;
  private next: number;
  private nextDueMs: number;
  private isPumping = false;

  constructor(
    private readonly plan: WorkerPlan,
    loop: OpenLoop,
    private readonly pool: ConnectionPool,
    private readonly onDue: (request: TimedRequest) => void,
    private readonly pacer: Pacer,
  ) {
    this.schedule = new RunSchedule(loop.shape, plan.durationMs, plan.warmUpMs);
    this.make = newRequestMaker(plan);
    this.next = plan.worker;
    this.nextDueMs = this.dueOf(this.next);
    pacer.wakeAt(this.nextDueMs, () => this.wake());
  }

  get isOver(): boolean {
    return this.next >= this.schedule.total;
  }

  /** Takes up what is due; called also whenever an answer wakes the process, which is more exact than a timer. */
  pump(nowMs: number): void {
    // Sending may end a connection, which is told at once.
    if (nowMs < this.nextDueMs || this.isPumping) return;
    this.isPumping = true;
    while (this.nextDueMs <= nowMs) {
      const request = this.make(this.next, this.nextDueMs, nowMs);
      this.onDue(request);
      this.pool.submit(request);
      this.next += this.plan.workers;
      this.nextDueMs = this.dueOf(this.next);
    }
    this.isPumping = false;
  }

  private wake(): void {
    this.pump(this.pacer.now());
    if (!this.isOver) this.pacer.wakeAt(this.nextDueMs, () => this.wake());
  }

  private dueOf(number: number): number {
    return number < this.schedule.total ? this.schedule.dueMs(number) : Infinity;
  }
}
