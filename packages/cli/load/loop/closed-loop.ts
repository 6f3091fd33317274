import type { ClosedLoop, WorkerPlan } from '../load-plan.js';
import { clientAt } from '../schedule/request-mix.js';
import type { ConnectionPool } from '../wire/connection-pool.js';
import type { TimedRequest } from '../wire/timed-request.js';
import type { Pacer } from './pacer.js';
import { newRequestMaker } from './request-source.js';

/** A server that refuses connections is not asked again at once. */
const pauseAfterLossMs = 10;

/** Clients that each ask again as soon as they have an answer. */
export class ClosedLoopRun {
  private readonly make: ReturnType<typeof newRequestMaker>;
  private next: number;

  constructor(
    private readonly plan: WorkerPlan,
    loop: ClosedLoop,
    private readonly pool: ConnectionPool,
    private readonly onDue: (request: TimedRequest) => void,
    private readonly pacer: Pacer,
  ) {
    this.make = newRequestMaker(plan);
    this.next = plan.worker;
    for (let user = plan.worker; user < loop.connections; user += plan.workers)
      this.ask(clientAt(plan, user / loop.connections));
  }

  get isOver(): boolean {
    return this.pacer.now() >= this.plan.durationMs;
  }

  /** A client is free again. */
  answered({ client }: TimedRequest): void {
    this.ask(client);
  }

  lost({ client }: TimedRequest): void {
    setTimeout(() => this.ask(client), pauseAfterLossMs);
  }

  private ask(client: number): void {
    if (this.isOver) return;
    const nowMs = this.pacer.now();
    const request = { ...this.make(this.next, nowMs, nowMs), client };
    this.next += this.plan.workers;
    this.onDue(request);
    this.pool.submit(request);
  }
}
