import type { CommitProtocolName } from '#protocols/commit/catalogue.js';
import {
  failpoints,
  participantNames,
  type Failpoint,
  type LoggedStep,
} from '#protocols/commit/failpoints.js';
import type { Phase } from '#protocols/commit/messages.js';

const phasesOf: Readonly<Record<CommitProtocolName, readonly Phase[]>> = {
  saga: ['apply', 'cancel'],
  tcc: ['try', 'confirm', 'cancel'],
  '2pc': ['prepare', 'commit', 'abort'],
  '3pc': ['can-commit', 'pre-commit', 'do-commit', 'abort'],
  none: ['apply', 'cancel'],
};

const recordsOf: Readonly<Record<CommitProtocolName, readonly LoggedStep[]>> = {
  saga: ['begin', 'decision', 'end'],
  tcc: ['begin', 'decision', 'end'],
  '2pc': ['begin', 'decision', 'end'],
  '3pc': ['begin', 'pre-commit', 'decision', 'diverged', 'end'],
  none: [],
};

/** The failpoints that a protocol passes, sooner or later. */
export function reachablePoints(protocol: CommitProtocolName): readonly number[] {
  return failpoints.flatMap((point, index) => (isReachable(protocol, point) ? [index] : []));
}

function isReachable(protocol: CommitProtocolName, point: Failpoint): boolean {
  const [process = '', step = ''] = point.split('.');
  // Without a protocol only the order is told that it has failed.
  if (protocol === 'none' && step === 'cancel' && process !== 'coordinator' && process !== 'order')
    return false;
  if ((phasesOf[protocol] as readonly string[]).includes(step)) return true;
  if ((participantNames as readonly string[]).includes(process)) return false;
  return (
    (recordsOf[protocol] as readonly string[]).includes(step) || step === 'execute' || step === 'takeover'
  );
}
