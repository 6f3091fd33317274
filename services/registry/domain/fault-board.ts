import { v7 as uuidv7 } from 'uuid';
import type { Fault as WireFault } from '#generated/tristate/control/v1/control.js';
import { defaultDurationMs, faultLimits, isFaultAction, serviceOf } from '#platform/faults/fault.js';
import {
  actionsAt,
  failpoints,
  faultActions,
  isFailpoint,
  type Failpoint,
  type FaultAction,
} from '#protocols/commit/failpoints.js';
import type { AuditEntry, AuditLog } from './audit-log.js';
import type { Target } from './targets.js';

/** What somebody asks for; whether there is such a point, action and process is found out here. */
export interface FaultRequest {
  readonly point: string;
  readonly action: string;
  readonly ttlMs: number;
  /** A process or a service; all that reach the point when left out. */
  readonly process?: string | undefined;
  readonly durationMs?: number | undefined;
  readonly percent?: number | undefined;
  readonly nth?: number | undefined;
  readonly times?: number | undefined;
  readonly correlationId?: string | undefined;
}

/** A fault as it is told to whoever asks. */
export interface FaultView {
  readonly id: string;
  readonly point: Failpoint;
  readonly action: FaultAction;
  readonly processes: readonly string[];
  readonly ttlMs: number;
  readonly leftMs: number;
  readonly durationMs?: number;
  readonly percent: number;
  readonly nth: number;
  /** Absent: as often as it is reached. */
  readonly times?: number;
  readonly correlationId?: string;
  readonly addedAt: string;
  /** How often it has acted, in all processes. */
  readonly acted: number;
}

export type WhyEnded = 'time-is-up' | 'acted-often-enough' | 'removed';
export type EndedFault = FaultView & { readonly ended: WhyEnded };

export type Added =
  { result: 'added'; fault: FaultView } | { result: 'refused'; code: FaultRefusal; detail: string };

export type FaultRefusal =
  | 'no-failpoints-here'
  | 'unknown-failpoint'
  | 'unknown-action'
  | 'action-not-possible-here'
  | 'unknown-target'
  | 'limit-reached';

interface Held {
  readonly id: string;
  readonly point: Failpoint;
  readonly action: FaultAction;
  readonly processes: readonly string[];
  readonly ttlMs: number;
  readonly endsAtMs: number;
  /** 0 where nothing takes time. */
  readonly durationMs: number;
  readonly percent: number;
  readonly nth: number;
  /** 0: without limit. */
  readonly times: number;
  readonly correlationId: string;
  readonly addedAt: string;
  acted: number;
  /** By process, since its present stream was opened: what the process counts by itself. */
  readonly actedHere: Map<string, number>;
}

/** Ended faults that are remembered, so that one can see that they have acted. */
const mostEnded = 100;

const everyAct = { percent: 100, nth: 1, times: 0 } as const;

interface FaultBoardOptions {
  readonly targets: readonly Target[];
  readonly audit: AuditLog;
  /** A fault has come or gone: the processes are to be told. */
  readonly changed: () => void;
  /** Monotonic. */
  readonly nowMs?: () => number;
}

/** The truth about the faults of the whole shop. It is in memory only: when the registry ends, so do the faults. */
export class FaultBoard {
  private readonly held = new Map<string, Held>();
  private ended: EndedFault[] = [];
  private expiry: NodeJS.Timeout | undefined;
  private readonly nowMs: () => number;

  constructor(private readonly options: FaultBoardOptions) {
    this.nowMs = options.nowMs ?? (() => performance.now());
  }

  /** The failpoints that processes of this shop reach, and what can happen there. */
  points(): { point: Failpoint; actions: readonly FaultAction[] }[] {
    const services = new Set(this.options.targets.map(({ service }) => service));
    return failpoints
      .filter((point) => services.has(serviceOf(point)))
      .map((point) => ({ point, actions: actionsAt(point) }));
  }

  add(request: FaultRequest): Added {
    const checked = this.check(request);
    if ('code' in checked) return { result: 'refused', ...checked };
    const { point, action, processes } = checked;
    const { ttlMs, percent = everyAct.percent, nth = everyAct.nth, correlationId = '' } = request;
    const takesTime = action === 'delay' || action === 'pause';
    const fault: Held = {
      id: uuidv7(),
      point,
      action,
      processes,
      ttlMs,
      endsAtMs: this.nowMs() + ttlMs,
      durationMs: takesTime ? (request.durationMs ?? defaultDurationMs[action]) : 0,
      percent,
      nth,
      // A process that is started again would crash again at the same place.
      times: request.times ?? (action === 'crash' ? 1 : everyAct.times),
      correlationId,
      addedAt: new Date().toISOString(),
      acted: 0,
      actedHere: new Map(),
    };
    this.held.set(fault.id, fault);
    const view = this.view(fault);
    this.options.audit.add('admin', 'fault-added', { ...view });
    this.update();
    return { result: 'added', fault: view };
  }

  list(): FaultView[] {
    this.endExpired();
    return [...this.held.values()].map((fault) => this.view(fault));
  }

  /** The latest first. */
  listEnded(): readonly EndedFault[] {
    return this.ended;
  }

  /** False when there is no such fault. */
  remove(id: string): boolean {
    this.endExpired();
    const fault = this.held.get(id);
    if (fault === undefined) return false;
    this.end(fault, 'removed', 'admin');
    this.update();
    return true;
  }

  /** @returns how many there were */
  removeAll(): number {
    this.endExpired();
    const faults = [...this.held.values()];
    for (const fault of faults) this.end(fault, 'removed', 'admin');
    if (faults.length > 0) this.update();
    return faults.length;
  }

  /** The faults of one process, as they stand for it now. */
  faultsOf(process: string): WireFault[] {
    const now = this.nowMs();
    return [...this.held.values()]
      .filter(({ processes, endsAtMs }) => processes.includes(process) && endsAtMs > now)
      .map(({ id, point, action, endsAtMs, durationMs, percent, nth, correlationId, ...counts }) => ({
        id,
        point,
        action,
        leftMs: Math.ceil(endsAtMs - now),
        durationMs,
        percent,
        nth,
        correlationId,
        // What it counts by itself comes on top of what others have done.
        times: counts.times === 0 ? 0 : counts.times - counts.acted + (counts.actedHere.get(process) ?? 0),
      }));
  }

  /** A process has told that a fault acted. Undefined when the fault has ended meanwhile. */
  acted(process: string, id: string): { point: Failpoint; action: FaultAction } | undefined {
    const fault = this.held.get(id);
    if (fault === undefined) return this.ended.find((one) => one.id === id);
    fault.acted += 1;
    fault.actedHere.set(process, (fault.actedHere.get(process) ?? 0) + 1);
    if (fault.times > 0 && fault.acted >= fault.times) this.end(fault, 'acted-often-enough', 'registry');
    if (fault.times > 0) this.update();
    return fault;
  }

  /** The stream to a process broke: it has forgotten everything, and will count anew. */
  detached(process: string): void {
    for (const { actedHere } of this.held.values()) actedHere.delete(process);
  }

  close(): void {
    clearTimeout(this.expiry);
  }

  private check(
    request: FaultRequest,
  ): { point: Failpoint; action: FaultAction; processes: string[] } | { code: FaultRefusal; detail: string } {
    const { targets } = this.options;
    const { point, action, process } = request;
    if (targets.length === 0)
      return { code: 'no-failpoints-here', detail: 'Start stage 10, where services send messages' };
    if (!isFailpoint(point)) return { code: 'unknown-failpoint', detail: `There is no failpoint ${point}` };
    if (!isFaultAction(action))
      return { code: 'unknown-action', detail: `${action} is none of ${faultActions.join(', ')}` };
    if (!actionsAt(point).includes(action)) {
      const detail = `At ${point} there can be ${actionsAt(point).join(', ')}`;
      return { code: 'action-not-possible-here', detail };
    }
    const reaching = targets.filter(({ service }) => service === serviceOf(point));
    const chosen = reaching.filter(
      ({ name, service }) => process === undefined || process === name || process === service,
    );
    if (chosen.length === 0) {
      const names = reaching.map(({ name }) => name).join(', ');
      return { code: 'unknown-target', detail: `${point} is reached by ${names || 'no process'}` };
    }
    this.endExpired();
    if (this.held.size >= faultLimits.mostFaults)
      return { code: 'limit-reached', detail: `${faultLimits.mostFaults} faults are there already` };
    return { point, action, processes: chosen.map(({ name }) => name) };
  }

  private view(fault: Held): FaultView {
    const { id, point, action, processes, ttlMs, endsAtMs, percent, nth, addedAt, acted } = fault;
    const { durationMs, times, correlationId } = fault;
    return {
      id,
      point,
      action,
      processes,
      ttlMs,
      leftMs: Math.max(0, Math.ceil(endsAtMs - this.nowMs())),
      percent,
      nth,
      ...(durationMs > 0 && { durationMs }),
      ...(times > 0 && { times }),
      ...(correlationId !== '' && { correlationId }),
      addedAt,
      acted,
    };
  }

  private end(fault: Held, ended: WhyEnded, who: AuditEntry['who']): void {
    this.held.delete(fault.id);
    const view = { ...this.view(fault), ended };
    this.ended = [view, ...this.ended].slice(0, mostEnded);
    this.options.audit.add(who, ended === 'removed' ? 'fault-removed' : 'fault-ended', view);
  }

  /** @returns whether there was one */
  private endExpired(): boolean {
    const now = this.nowMs();
    const over = [...this.held.values()].filter(({ endsAtMs }) => endsAtMs <= now);
    for (const fault of over) this.end(fault, 'time-is-up', 'registry');
    return over.length > 0;
  }

  private update(): void {
    clearTimeout(this.expiry);
    const ends = [...this.held.values()].map(({ endsAtMs }) => endsAtMs);
    if (ends.length > 0) {
      const expire = (): void => {
        this.endExpired();
        this.update();
      };
      this.expiry = setTimeout(expire, Math.max(1, Math.min(...ends) - this.nowMs()));
      this.expiry.unref();
    }
    this.options.changed();
  }
}
