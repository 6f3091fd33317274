import type { ClusterRecord } from '#platform/postgres/cluster-record.js';
import { formatLsn } from '#platform/postgres/position.js';
import { timings } from '#protocols/failover/cluster.js';
import type { Observation } from './observation.js';
import type { ReplicaLag } from './replica-lags.js';

export interface MemberView {
  readonly name: string;
  readonly role: 'primary' | 'replica' | 'old-primary' | 'unreachable';
  /** Up to where it shows the log; null while it does not answer. */
  readonly lsn: string | null;
  readonly lagBytes: number | null;
  readonly lagMs: number | null;
  /** Whether commits count on it. */
  readonly synchronous: boolean;
  /** How long it was told to wait before it shows what it has received. */
  readonly delayMs: number;
}

export interface ClusterView {
  readonly epoch: number;
  /** Null while no server may take writes. */
  readonly primary: string | null;
  readonly phase: ClusterRecord['phase'];
  readonly mode: ClusterRecord['mode'];
  readonly synchronous: ClusterRecord['synchronous'];
  /** How many replicas can confirm a write right now. */
  readonly synchronousReplicas: number;
  readonly leaseLeftMs: number;
  readonly members: readonly MemberView[];
  readonly lags: readonly ReplicaLag[];
  readonly history: ClusterRecord['history'];
}

interface ClusterState {
  readonly record: ClusterRecord;
  readonly members: readonly string[];
  readonly observation: (name: string) => Observation | undefined;
  readonly leaseLeftMs: number;
  readonly confirming: number;
  readonly lags: readonly ReplicaLag[];
  readonly nowMs: number;
}

export function describeCluster(state: ClusterState): ClusterView {
  const { record, leaseLeftMs, lags } = state;
  const { epoch, primary, phase, mode, synchronous, history } = record;
  return {
    epoch,
    primary: leaseLeftMs > 0 ? primary : null,
    phase,
    mode,
    synchronous,
    synchronousReplicas: state.confirming,
    leaseLeftMs: Math.round(leaseLeftMs),
    members: state.members.map((name) => describeMember(name, state)),
    lags,
    history,
  };
}

function describeMember(name: string, state: ClusterState): MemberView {
  const { record, observation, nowMs } = state;
  const seen = observation(name);
  const isFresh = seen !== undefined && nowMs - seen.askedAtMs <= timings.freshMs;
  const synchronous =
    record.synchronous !== 'none' && name !== record.primary && record.synchronousReplicas.includes(name);
  if (!isFresh)
    return { name, role: 'unreachable', lsn: null, lagBytes: null, lagMs: null, synchronous, delayMs: 0 };
  const { delayMs } = seen;
  const lsn = formatLsn(seen.replayed);
  if (!seen.recovering) {
    const role = name === record.primary ? 'primary' : 'old-primary';
    return { name, role, lsn, lagBytes: null, lagMs: null, synchronous, delayMs };
  }
  return { name, role: 'replica', lsn, ...lagOf(seen, observation(record.primary)), synchronous, delayMs };
}

/**
 * A replica that shows everything that the primary had when it was looked at does not lag. Otherwise what it has shown
 * last tells how far it is behind, which is true to the time between two renewals of the lease.
 */
function lagOf(
  replica: Observation,
  primary: Observation | undefined,
): { lagBytes: number | null; lagMs: number | null } {
  const lagBytes = primary === undefined ? null : Math.max(0, Number(primary.lsn - replica.replayed));
  const isUpToDate = primary !== undefined && lagBytes === 0 && primary.askedAtMs <= replica.askedAtMs;
  return { lagBytes, lagMs: isUpToDate ? 0 : Math.max(0, Math.round(replica.behindMs ?? 0)) };
}
