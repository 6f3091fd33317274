import type { ClusterRecord } from '#platform/postgres/cluster-record.js';

import type { StartReason } from '../supervisor.js';
import type { FolderState } from './server-folder.js';

/** How long a supervisor is waited for before a primary that died comes back by itself. */
export const holdBackMs = 10_000;

/** After a promotion the shop is put together again first; the copy of an old primary would take disk and processor from it. */
export const cloneAfterMs = 3_000;

/** So many ends in a row, each soon after its start, and a replica's data is given up. */
export const quickDeathsBeforeClone = 4;

export interface Situation {
  readonly member: string;
  readonly record: ClusterRecord;
  readonly folder: FolderState;
  readonly reason: StartReason;
  readonly quickDeaths: number;
  /** How long the start has been held back. */
  readonly heldMs: number;
  /** Other members that run: without one nobody can be promoted. */
  readonly liveOthers: number;
  /** Whether there is somebody who promotes. */
  readonly isSupervised: boolean;
  /** How long the record has named the primary that it names, as far as is known. */
  readonly primaryForMs: number;
}

/**
 * What is to be done with a server that does not run: `start` it as its folder says, `wait` and decide anew, or `clone` it
 * from the primary and start it then.
 */
export type Decision = 'start' | 'wait' | 'clone';

export function decideStart(situation: Situation): Decision {
  const { member, record, folder, quickDeaths } = situation;
  if (member === record.primary) return decidePrimary(situation);
  if (!folder.exists) return 'clone';
  // Without the file it was a primary, whose log may hold what the present one's does not.
  if (!folder.isStandby) return isUrgent(situation) ? 'clone' : 'wait';
  if (isOrderedAnew(member, record, folder)) return 'clone';
  return quickDeaths >= quickDeathsBeforeClone ? 'clone' : 'start';
}

/** Where the primary has no other replica it may take no writes until there is one. */
function isUrgent({ liveOthers, primaryForMs }: Situation): boolean {
  const otherReplicas = liveOthers - 1;
  return otherReplicas < 1 || primaryForMs >= cloneAfterMs;
}

function decidePrimary({ record, folder, ...situation }: Situation): Decision {
  // Its data is gone. Only a promotion helps, after which it is cloned.
  if (!folder.exists) return 'wait';
  // It is being promoted, for which it has to run.
  if (folder.isStandby) return 'start';
  const mayBeReplaced =
    situation.reason === 'died' &&
    situation.isSupervised &&
    record.mode === 'hot' &&
    record.phase !== 'stuck' &&
    situation.liveOthers > 0;
  return mayBeReplaced && situation.heldMs < holdBackMs ? 'wait' : 'start';
}

/** Whether a server that runs has to be killed and made anew: it is a primary of the past, or ordered to be cloned. */
export function mustBeReplaced(member: string, record: ClusterRecord, folder: FolderState): boolean {
  if (member === record.primary || !folder.exists) return false;
  return !folder.isStandby || isOrderedAnew(member, record, folder);
}

function isOrderedAnew(member: string, record: ClusterRecord, folder: FolderState): boolean {
  return (record.cloneOrders[member] ?? 0) > folder.executedCloneOrder;
}
