// Sends its part of a load, a process of its own: gets one plan, reports every second, ends with what is left to tell.
import { setTimeout as delay } from 'node:timers/promises';
import type { LoggedRequest, WorkerPlan } from './load-plan.js';
import { ClosedLoopRun } from './loop/closed-loop.js';
import { OpenLoopRun } from './loop/open-loop.js';
import { Pacer } from './loop/pacer.js';
import { Recorder } from './recorder.js';
import { shareOut } from './schedule/request-mix.js';
import { ConnectionPool, type PoolEvents } from './wire/connection-pool.js';
import { RequestWriter } from './wire/request-writer.js';
import type { WorkerMessage } from './worker-message.js';

const sweepIntervalMs = 50;
const reportIntervalMs = 500;

class LoadWorker {
  private readonly pacer: Pacer;
  private readonly recorder: Recorder;
  private readonly pool: ConnectionPool;
  private readonly run: OpenLoopRun | ClosedLoopRun;
  private readonly log: LoggedRequest[] = [];

  constructor(private readonly plan: WorkerPlan) {
    this.pacer = new Pacer(plan.beginsAtEpochMs - performance.timeOrigin);
    this.recorder = new Recorder(plan.kinds, plan.durationMs);
    const writer = new RequestWriter(plan);
    const { host, port, loop, timeoutMs } = plan;
    this.pool = new ConnectionPool(
      { host, port, limits: connectionLimits(plan), timeoutMs },
      (request) => writer.render(request),
      this.newEvents(),
      () => this.pacer.now(),
    );
    const onDue = this.recorder.due.bind(this.recorder);
    this.run =
      loop.kind === 'open'
        ? new OpenLoopRun(plan, loop, this.pool, onDue, this.pacer)
        : new ClosedLoopRun(plan, loop, this.pool, onDue, this.pacer);
  }

  async finish(): Promise<void> {
    const sweeper = setInterval(() => this.pool.sweep(), sweepIntervalMs);
    const reporter = setInterval(() => this.report(), reportIntervalMs);
    await delay(Math.max(0, this.plan.durationMs - this.pacer.now()));
    // The sweep ends whatever is late, so this comes to its end.
    while (!this.run.isOver || this.pool.underWay > 0) await delay(sweepIntervalMs / 5);
    clearInterval(sweeper);
    clearInterval(reporter);
    this.pacer.stop();
    this.pool.close();
    this.report();
    await send({ kind: 'end', clients: this.recorder.clients, log: this.log });
  }

  private newEvents(): PoolEvents {
    return {
      onSent: (request) => this.recorder.sent(request),
      onRetry: (request) => this.recorder.retried(request),
      onAnswer: (request, head, doneMs) => {
        this.recorder.answered(request, head, doneMs);
        const { number, dueMs, sentMs } = request;
        if (this.plan.keepLog === true && dueMs >= 0) this.log.push({ number, dueMs, sentMs, doneMs });
        if (this.run instanceof OpenLoopRun) this.run.pump(doneMs);
        else this.run.answered(request);
      },
      onLoss: (request, kind) => {
        this.recorder.lost(request, kind);
        if (this.run instanceof ClosedLoopRun) this.run.lost(request);
      },
    };
  }

  private report(): void {
    void send({ kind: 'seconds', seconds: this.recorder.takeReports() });
  }
}

/** Clients of a closed loop have one request each under way, so that they need no limit. */
function connectionLimits(plan: WorkerPlan): number[] {
  const { loop, workers } = plan;
  const limits = shareOut(plan, loop.connections / workers);
  return loop.kind === 'open' ? limits : limits.map(() => loop.connections);
}

function send(message: WorkerMessage): Promise<void> {
  return new Promise((resolve) => process.send?.(message, () => resolve()));
}

process.once('message', (plan: WorkerPlan) => {
  void new LoadWorker(plan).finish().then(() => process.exit(0));
});
// Whoever asked for the load is gone.
process.once('disconnect', () => process.exit(1));
