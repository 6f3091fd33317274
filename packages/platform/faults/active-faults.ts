import type { Failpoint } from '#protocols/commit/failpoints.js';
import type { Fault as WireFault } from '#generated/tristate/control/v1/control.js';
import type { Logger } from '../logging/logger.js';
import type { Metrics } from '../metrics/metrics.js';
import type { Trace } from '../trace/trace.js';
import { InjectedFault, type Failpoints, type Hit, type Occasion } from './failpoints.js';
import { checkFault, faultLimits, type Fault } from './fault.js';
import { ownProcess, type OwnProcess } from './own-process.js';

/** Told of every act. The promise resolves when the report has been acknowledged, or when there is nobody to do so. */
export type ActReporter = (fault: Fault, gid: string, atUs: number, mustArrive: boolean) => Promise<void>;

interface Armed {
  readonly fault: Fault;
  readonly endsAtMs: number;
  /** How often its failpoint was reached by whom it is meant for. */
  reached: number;
  acted: number;
  /** Ends the delays that are under way for it. */
  readonly ended: AbortController;
}

interface ActiveFaultsOptions {
  readonly trace: Trace;
  readonly metrics: Metrics;
  readonly logger: Logger;
  /** From 0 to below 1. */
  readonly random?: () => number;
  /** Monotonic. */
  readonly nowMs?: () => number;
  readonly process?: OwnProcess;
}

/** The faults of one process. Without any, reaching a failpoint costs one look into an empty map. */
export class ActiveFaults implements Failpoints {
  private readonly byPoint = new Map<Failpoint, Armed[]>();
  private expiry: NodeJS.Timeout | undefined;
  private report: ActReporter = () => Promise.resolve();
  private readonly random: () => number;
  private readonly nowMs: () => number;
  private readonly process: OwnProcess;

  constructor(private readonly options: ActiveFaultsOptions) {
    this.random = options.random ?? Math.random;
    this.nowMs = options.nowMs ?? (() => performance.now());
    this.process = options.process ?? ownProcess;
  }

  reportTo(report: ActReporter): void {
    this.report = report;
  }

  /** Takes over the whole set of faults; one that was there before keeps its counts. What is wrong is left out. */
  replace(faults: readonly WireFault[]): void {
    const before = new Map([...this.byPoint.values()].flat().map((armed) => [armed.fault.id, armed]));
    this.byPoint.clear();
    for (const wire of faults.slice(0, faultLimits.mostFaults)) {
      const fault = checkFault(wire);
      if (typeof fault === 'string') {
        this.options.logger.warn({ fault: wire.id }, `a fault was not taken over: ${fault}`);
        continue;
      }
      const known = before.get(fault.id);
      before.delete(fault.id);
      this.arm(fault, known);
    }
    for (const armed of before.values()) if (!isUsedUp(armed)) armed.ended.abort();
    this.scheduleExpiry();
  }

  clear(): void {
    this.replace([]);
  }

  get size(): number {
    return [...this.byPoint.values()].reduce((sum, armed) => sum + armed.length, 0);
  }

  hit(point: Failpoint, occasion: Occasion): Promise<Hit> | undefined {
    const armed = this.byPoint.get(point);
    if (armed === undefined) return undefined;
    const acting = armed.filter((one) => this.acts(one, occasion));
    return acting.length === 0 ? undefined : this.act(acting, occasion);
  }

  private arm(fault: Fault, known: Armed | undefined): void {
    const endsAtMs = Math.min(this.nowMs() + fault.leftMs, known?.endsAtMs ?? Infinity);
    const armed: Armed = {
      fault,
      endsAtMs,
      reached: known?.reached ?? 0,
      acted: known?.acted ?? 0,
      ended: known?.ended ?? new AbortController(),
    };
    const others = this.byPoint.get(fault.point);
    if (others === undefined) this.byPoint.set(fault.point, [armed]);
    else others.push(armed);
  }

  /** Counts the occasion, and tells whether the fault acts on it. */
  private acts(armed: Armed, { correlationId }: Occasion): boolean {
    const { fault } = armed;
    if (fault.correlationId !== '' && fault.correlationId !== correlationId) return false;
    if (this.nowMs() >= armed.endsAtMs) return false;
    armed.reached += 1;
    if (armed.reached < fault.nth) return false;
    if (fault.times > 0 && armed.acted >= fault.times) return false;
    if (fault.percent < 100 && this.random() * 100 >= fault.percent) return false;
    armed.acted += 1;
    return true;
  }

  private async act(acting: readonly Armed[], occasion: Occasion): Promise<Hit> {
    let result: Hit = 'go';
    for (const armed of acting) {
      const hit = await this.perform(armed, occasion);
      if (hit === 'drop' || result === 'go') result = hit;
    }
    return result;
  }

  private async perform(armed: Armed, { gid, correlationId }: Occasion): Promise<Hit> {
    const { fault } = armed;
    const { point, action } = fault;
    const atUs = this.options.trace.note(gid, correlationId, { kind: 'fault', point, action });
    this.options.metrics.faultsActed.inc({ point, action });
    this.options.logger.warn({ fault: fault.id, point, action, gid }, 'a fault acts');
    // Afterwards it would be too late to tell.
    const mustArrive = action === 'crash' || action === 'pause';
    const told = this.report(fault, gid, atUs, mustArrive);
    switch (action) {
      case 'crash':
        await told;
        this.process.kill();
        return 'go';
      case 'pause':
        await told;
        await this.process.pause(this.within(armed));
        return 'go';
      case 'delay':
        await delay(this.within(armed), armed.ended.signal);
        return 'go';
      case 'error':
        throw new InjectedFault(point);
      case 'drop-request':
      case 'drop-reply':
        return 'drop';
      case 'duplicate':
        return 'duplicate';
    }
  }

  /** No act outlives its fault. */
  private within({ fault, endsAtMs }: Armed): number {
    return Math.max(1, Math.min(fault.durationMs, endsAtMs - this.nowMs()));
  }

  private scheduleExpiry(): void {
    clearTimeout(this.expiry);
    const ends = [...this.byPoint.values()].flat().map(({ endsAtMs }) => endsAtMs);
    if (ends.length === 0) return;
    this.expiry = setTimeout(() => this.expire(), Math.max(1, Math.min(...ends) - this.nowMs()));
    this.expiry.unref();
  }

  private expire(): void {
    for (const [point, armed] of this.byPoint) {
      const left = armed.filter(({ endsAtMs }) => endsAtMs > this.nowMs());
      for (const one of armed) if (!left.includes(one)) one.ended.abort();
      if (left.length === 0) this.byPoint.delete(point);
      else this.byPoint.set(point, left);
    }
    this.scheduleExpiry();
  }
}

/** It has acted as often as it may, which is why it is gone: its last delay is not taken back. */
function isUsedUp({ fault: { times }, acted }: Armed): boolean {
  return times > 0 && acted >= times;
}

/** Waits, but no longer than the fault is there. */
function delay(durationMs: number, ended: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (ended.aborted) return resolve();
    const finish = (): void => {
      clearTimeout(timer);
      ended.removeEventListener('abort', finish);
      resolve();
    };
    const timer = setTimeout(finish, durationMs);
    ended.addEventListener('abort', finish);
  });
}
