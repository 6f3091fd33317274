import type { Fault as WireFault } from '#generated/tristate/control/v1/control.js';
import {
  actionsAt,
  failpoints,
  faultActions,
  isFailpoint,
  type Failpoint,
  type FaultAction,
} from '#protocols/commit/failpoints.js';

/** What is to happen at a failpoint, as one process knows it. */
export interface Fault {
  readonly id: string;
  readonly point: Failpoint;
  readonly action: FaultAction;
  /** What is left of its time to live. */
  readonly leftMs: number;
  /** How long a delay or a pause takes. */
  readonly durationMs: number;
  /** 1 to 100: in how many of a hundred cases it acts. */
  readonly percent: number;
  /** Acts from the nth time on, counted from 1. */
  readonly nth: number;
  /** Acts so often at most; 0 is without limit. */
  readonly times: number;
  /** Acts for this request alone; empty for all. */
  readonly correlationId: string;
}

/** The bounds of a fault; nothing that a fault breaks stays broken for longer. */
export const faultLimits = {
  shortestTtlMs: 1_000,
  longestTtlMs: 600_000,
  shortestDurationMs: 1,
  longestDurationMs: 60_000,
  highestCount: 1_000_000,
  mostFaults: 64,
} as const;

export const defaultDurationMs = { delay: 1_000, pause: 5_000 } as const;

export function isFaultAction(name: string): name is FaultAction {
  return (faultActions as readonly string[]).includes(name);
}

/** The service whose processes reach a failpoint. */
export function serviceOf(point: Failpoint): string {
  return point.slice(0, point.indexOf('.'));
}

/** Whether a service's processes have failpoints at all. */
export function hasFailpoints(service: string): boolean {
  return failpoints.some((point) => serviceOf(point) === service);
}

/** Whether the registry holds a stream to a service's processes: for faults, or to switch what they do. */
export function isControlled(service: string): boolean {
  return service === 'search' || hasFailpoints(service);
}

/** A fault as it came over the wire, or what is wrong with it: a process trusts nobody with its own death. */
export function checkFault(wire: WireFault): Fault | string {
  const { point, action, percent, nth, durationMs, leftMs, times } = wire;
  if (!isFailpoint(point)) return `there is no failpoint ${point}`;
  if (!isFaultAction(action)) return `there is no action ${action}`;
  if (!actionsAt(point).includes(action)) return `${action} cannot happen at ${point}`;
  if (percent < 1 || percent > 100) return 'percent is not from 1 to 100';
  if (nth < 1) return 'nth is not at least 1';
  if (times < 0) return 'times is negative';
  if (leftMs <= 0 || leftMs > faultLimits.longestTtlMs) return 'its time to live is out of range';
  if (durationMs < 0 || durationMs > faultLimits.longestDurationMs) return 'its duration is out of range';
  return { ...wire, point, action };
}
