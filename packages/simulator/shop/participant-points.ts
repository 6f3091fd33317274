import type { ParticipantPoint } from '#protocols/commit/failpoints.js';
import { phases } from '#protocols/commit/messages.js';
import { pointIndex } from '../kernel/coverage.js';
import { branchNames } from './orders-to-place.js';

export interface ParticipantPoints {
  readonly afterReceive: number;
  readonly beforeLog: number;
  readonly afterLog: number;
  readonly beforeReply: number;
}

/** The numbers of the failpoints of each branch, by phase. */
export const participantPoints: readonly ReadonlyMap<string, ParticipantPoints>[] = branchNames.map(
  (name) =>
    new Map(
      phases.map((phase) => {
        const point = (moment: string): number =>
          pointIndex(`${name}.${phase}.${moment}` as ParticipantPoint);
        return [
          phase,
          {
            afterReceive: point('after-receive'),
            beforeLog: point('before-log'),
            afterLog: point('after-log'),
            beforeReply: point('before-reply'),
          },
        ];
      }),
    ),
);
