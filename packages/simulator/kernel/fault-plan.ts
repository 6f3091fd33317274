import type { FaultAction } from '#protocols/commit/failpoints.js';

/** A fault at a failpoint, when it is passed for the `pass`-th time, once. `forMs`: how long it is down, or late. */
export interface PlannedFault {
  readonly point: number;
  readonly pass: number;
  readonly action: FaultAction;
  readonly forMs: number;
}

/**
 * A fault at some time. `process` counts all processes, modulo their number; `sides` has a bit for each, and says who
 * is cut off from whom in a partition.
 */
export interface Incident {
  readonly kind: 'crash' | 'pause' | 'partition';
  readonly atMs: number;
  readonly process: number;
  readonly sides: number;
  readonly forMs: number;
}

export interface NetworkFaults {
  readonly lossChance: number;
  readonly repeatChance: number;
  readonly lateChance: number;
  /** How late a late or repeated message may be. */
  readonly latestMs: number;
}

/** All faults of one schedule. */
export interface FaultPlan {
  readonly network: NetworkFaults;
  /** How often a transaction of a participant's database fails: a deadlock, a lost connection. */
  readonly statementFailureChance: number;
  readonly armed: ReadonlyMap<number, PlannedFault>;
  readonly incidents: readonly Incident[];
}

export const calmNetwork: NetworkFaults = { lossChance: 0, repeatChance: 0, lateChance: 0, latestMs: 10 };

export const noFaults: FaultPlan = {
  network: calmNetwork,
  statementFailureChance: 0,
  armed: new Map(),
  incidents: [],
};
