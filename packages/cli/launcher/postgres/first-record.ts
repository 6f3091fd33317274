import {
  readClusterRecord,
  writeClusterRecord,
  type ClusterRecord,
} from '#platform/postgres/cluster-record.js';

import { Failure } from '../../failure.js';
import type { DataFolders } from '../data-folder.js';
import { inspectFolder, serverFolder } from './server-folder.js';

/** The record of the cluster. Where there is none yet, the only server that was no replica becomes the primary. */
export function readOrMakeRecord(
  path: string,
  folders: DataFolders,
  members: readonly string[],
  modes: Pick<ClusterRecord, 'mode' | 'synchronous'>,
): ClusterRecord {
  const found = readClusterRecord(path);
  if (found !== undefined) return found;
  const primaries = members.filter((member) => {
    const { exists, isStandby } = inspectFolder(serverFolder(folders, member));
    return exists && !isStandby;
  });
  const [primary = members[0] ?? ''] = primaries;
  if (primaries.length > 1) {
    throw new Failure(
      `${path} is gone, and each of ${primaries.join(', ')} was a primary: delete the data of those that are outdated.`,
    );
  }
  const record: ClusterRecord = {
    epoch: 1,
    primary,
    phase: 'steady',
    ...modes,
    synchronousReplicas: [],
    cloneOrders: {},
    history: [],
  };
  writeClusterRecord(path, record);
  return record;
}
