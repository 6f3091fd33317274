import type { ProcessConfig } from '#platform/config/process-config.js';
import type { Logger } from '#platform/logging/logger.js';
import { readClusterRecord, writeClusterRecord } from '#platform/postgres/cluster-record.js';
import { MemberLink } from './member-link.js';

const timeoutMs = 3_000;
const latestEpoch = 'SELECT epoch, primary_name AS primary FROM epochs ORDER BY epoch DESC LIMIT 1';

interface Epoch {
  readonly epoch: number;
  readonly primary: string;
}

/**
 * Writes the record anew where it is gone, as with the supervisor's pod: the servers have the latest epoch in their tables.
 * Where no server knows of any the cluster is new, and there is nothing to recover.
 */
export async function recoverRecord(
  { database, supervision }: Pick<ProcessConfig, 'database' | 'supervision'>,
  logger: Logger,
): Promise<void> {
  if (database === undefined || supervision === undefined) return;
  const { recordPath, failover: mode, synchronous } = supervision;
  if (readClusterRecord(recordPath) !== undefined) return;
  const told = await Promise.all(
    database.members.map(async (member) => {
      const link = new MemberLink({ member, database, applicationName: 'supervisor-recovery' });
      try {
        return (await link.ask<Epoch>(latestEpoch, [], timeoutMs))[0];
      } catch {
        // It is not there, or has no such table yet.
        return undefined;
      } finally {
        link.close();
      }
    }),
  );
  const latest = told.reduce(
    (best, next) => ((next?.epoch ?? 0) > (best?.epoch ?? 0) ? next : best),
    undefined,
  );
  if (latest === undefined) return;
  writeClusterRecord(recordPath, {
    epoch: latest.epoch,
    primary: latest.primary,
    phase: 'steady',
    mode,
    synchronous,
    synchronousReplicas: [],
    cloneOrders: {},
    history: [],
  });
  logger.warn(latest, 'the record was gone; it is written anew from what the servers know');
}
