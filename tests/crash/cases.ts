import { actionsAt, failpoints, type Failpoint, type FaultAction } from '#protocols/commit/failpoints.js';
import type { CommitProtocolName } from '#protocols/commit/catalogue.js';
import type { Phase } from '#protocols/commit/messages.js';

export type ProvenProtocol = Exclude<CommitProtocolName, 'none'>;

/** What a run does at a failpoint: kill -9, a pause beyond the time-outs, a lost message, a repeated one. */
export const crashActions = ['crash', 'pause', 'drop', 'duplicate'] as const;
export type CrashAction = (typeof crashActions)[number];

/** One fault under one protocol. */
export interface CrashCase {
  readonly protocol: ProvenProtocol;
  readonly point: Failpoint;
  readonly action: CrashAction;
}

/** The messages that a protocol sends. */
const phasesOf: Record<ProvenProtocol, readonly Phase[]> = {
  saga: ['apply', 'cancel'],
  tcc: ['try', 'confirm', 'cancel'],
  '2pc': ['prepare', 'commit', 'abort'],
  '3pc': ['can-commit', 'pre-commit', 'do-commit', 'abort'],
};

export const provenProtocols = Object.keys(phasesOf) as ProvenProtocol[];

/** Steps that an order passes in every protocol. */
const always = ['execute', 'begin', 'decision', 'end', 'takeover'];

/** Every failpoint that orders of a protocol reach, with every action that can happen there. */
export function casesOf(
  protocol: ProvenProtocol,
  actions: readonly CrashAction[] = crashActions,
): CrashCase[] {
  const steps = new Set<string>([
    ...always,
    ...phasesOf[protocol],
    ...(protocol === '3pc' ? ['pre-commit'] : []),
  ]);
  return failpoints
    .filter((point) => steps.has(point.split('.')[1] ?? ''))
    .flatMap((point) =>
      actions.flatMap((action) => (faultAt(point, action) ? [{ protocol, point, action }] : [])),
    );
}

/** What the shop calls the action at that point; undefined where it cannot happen. */
export function faultAt(point: Failpoint, action: CrashAction): FaultAction | undefined {
  return actionsAt(point).find((possible) =>
    action === 'drop' ? possible.startsWith('drop-') : possible === action,
  );
}

export function nameOf({ protocol, point, action }: CrashCase): string {
  return `${protocol}  ${point}=${action}`;
}
