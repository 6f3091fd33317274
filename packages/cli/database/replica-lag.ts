import { Failure } from '../failure.js';
import type { ReplicaLag } from './database-client.js';

/** Stands where a failpoint stands: `fault add replica-lag --ms 3000 --ttl 60`. */
export const replicaLagFault = 'replica-lag';

/** What can be said of a fault at a failpoint, but not of a replica that lags. */
export function refuseOptionsOfFailpoints(options: Readonly<Record<string, unknown>>): void {
  const foreign = ['duration', 'percent', 'nth', 'times', 'correlation'].filter((name) => name in options);
  if (foreign.length > 0)
    throw new Failure(
      `A replica that lags takes --ms, --ttl and --process, but not --${foreign.join(', --')}.`,
    );
}

export function lagLine({ id, member, lagMs, leftMs }: ReplicaLag): string {
  return [id, replicaLagFault, `${lagMs} ms`, `in ${member}`, `${Math.ceil(leftMs / 1_000)} s left`].join(
    '  ',
  );
}
