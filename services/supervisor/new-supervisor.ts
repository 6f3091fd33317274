import type { ProcessConfig } from '#platform/config/process-config.js';
import type { Logger } from '#platform/logging/logger.js';
import type { Metrics } from '#platform/metrics/metrics.js';
import {
  readClusterRecord,
  writeClusterRecord,
  type ClusterRecord,
} from '#platform/postgres/cluster-record.js';
import { ClusterMetrics } from './cluster-metrics.js';
import { ReplicaLags } from './domain/replica-lags.js';
import { Operator } from './operator.js';
import { Member } from './storage/member.js';
import { Supervision } from './supervision.js';

export interface Supervisor {
  readonly supervision: Supervision;
  readonly operator: Operator;
}

/** @throws Error when the process was not told where the servers and the record are */
export function newSupervisor(
  config: Pick<ProcessConfig, 'database' | 'supervision'>,
  metrics: Metrics,
  logger: Logger,
): Supervisor {
  const { database, supervision: supervised } = config;
  if (database === undefined || database.members.length === 0)
    throw new Error('TRISTATE_DATABASE_MEMBERS is missing: there is nothing to supervise');
  if (supervised === undefined)
    throw new Error('TRISTATE_CLUSTER_RECORD is missing: the supervisor has no memory');
  const { patience } = supervised;
  const clockMs = (): number => performance.now();
  // Who is patient has a slower clock: of all that is decided on, nothing else changes.
  const nowMs = (): number => clockMs() / patience;
  const found = supervised.replicationMembers;
  const replication = found.length > 0 ? found : database.members;
  const members = database.members.map(
    (member) => new Member({ member, database, members: replication, nowMs, patience }),
  );
  const names = members.map(({ name }) => name);
  const lags = new ReplicaLags(clockMs, (lag, why) => {
    const who = why === 'removed' ? 'admin' : 'supervisor';
    logger.info(
      { audit: true, who, what: 'replica-lag-ended', detail: { ...lag, why } },
      'replica-lag-ended',
    );
  });
  const counted = new ClusterMetrics(metrics);
  const write = (record: ClusterRecord): void => writeClusterRecord(supervised.recordPath, record);
  const record = readClusterRecord(supervised.recordPath) ?? firstRecord(names[0] ?? '', supervised);
  write(record);
  const supervision = new Supervision({ members, record, write, lags, counted, nowMs, patience, logger });
  const operator = new Operator({ supervision, lags, members: names, nowMs, patience, logger });
  counted.show(() => operator.show());
  return { supervision, operator };
}

function firstRecord(
  primary: string,
  { failover: mode, synchronous }: NonNullable<ProcessConfig['supervision']>,
): ClusterRecord {
  return {
    epoch: 1,
    primary,
    phase: 'steady',
    mode,
    synchronous,
    synchronousReplicas: [],
    cloneOrders: {},
    history: [],
  };
}
