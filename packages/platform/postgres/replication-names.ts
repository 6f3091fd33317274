import type { Address } from '../config/process-config.js';

/** The role of replicas at the primary. Its password is in the file that PGPASSFILE names in each server's environment. */
export const replicatorRole = 'replicator';

/** The database and the superuser of the supervisor: the lease and the epochs are there. */
export const clusterDatabase = 'cluster';
export const supervisorRole = 'supervisor';

/** The replication slot that keeps a replica's WAL at the primary; a slot's name may hold no hyphen. */
export function slotOf(member: string): string {
  return member.replaceAll('-', '_');
}

/** `primary_conninfo` of a replica that follows the server at `address`. It holds no password, so that it may be shown. */
export function primaryConninfo(replica: string, { host, port }: Address): string {
  return `host=${host} port=${port} user=${replicatorRole} application_name=${replica}`;
}
