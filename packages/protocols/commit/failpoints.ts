import { phases, type Phase } from './messages.js';

/**
 * The named places at which a fault can act: at each log write and each message of coordinator and participants.
 * `PROCESS.STEP.MOMENT`, for example `coordinator.decision.after-log` or `inventory.prepare.before-reply`.
 */
export const participantNames = ['inventory', 'account', 'order'] as const;
export type ParticipantName = (typeof participantNames)[number];

/** A record of the coordinator's log; `decision` is commit or abort. */
export const loggedSteps = ['begin', 'pre-commit', 'decision', 'diverged', 'end'] as const;
export type LoggedStep = (typeof loggedSteps)[number];

export type CoordinatorPoint =
  | `coordinator.${LoggedStep | 'takeover'}.${'before-log' | 'after-log'}`
  | `coordinator.${Phase}.${'before-send' | 'after-receive'}`
  | `coordinator.execute.${'after-receive' | 'before-reply'}`;

/** A participant's log write is the transaction on its own database that the message asks for. */
export type ParticipantPoint =
  `${ParticipantName}.${Phase}.${'after-receive' | 'before-log' | 'after-log' | 'before-reply'}`;

export type Failpoint = CoordinatorPoint | ParticipantPoint;

export const faultActions = [
  'crash',
  'pause',
  'delay',
  'error',
  'drop-request',
  'drop-reply',
  'duplicate',
] as const;
export type FaultAction = (typeof faultActions)[number];

/** Every failpoint there is, the coordinator's first. */
export const failpoints: readonly Failpoint[] = [
  'coordinator.execute.after-receive',
  'coordinator.execute.before-reply',
  ...([...loggedSteps, 'takeover'] as const).flatMap(
    (step) => [`coordinator.${step}.before-log`, `coordinator.${step}.after-log`] as const,
  ),
  ...phases.flatMap(
    (phase) => [`coordinator.${phase}.before-send`, `coordinator.${phase}.after-receive`] as const,
  ),
  ...participantNames.flatMap((name) =>
    phases.flatMap(
      (phase) =>
        [
          `${name}.${phase}.after-receive`,
          `${name}.${phase}.before-log`,
          `${name}.${phase}.after-log`,
          `${name}.${phase}.before-reply`,
        ] as const,
    ),
  ),
];

const known = new Set<string>(failpoints);

export function isFailpoint(name: string): name is Failpoint {
  return known.has(name);
}

/** What can happen at a failpoint: a log write is not a message, and only a message can be lost or repeated. */
export function actionsAt(point: Failpoint): readonly FaultAction[] {
  const moment = point.slice(point.lastIndexOf('.') + 1);
  const always = ['crash', 'pause', 'delay', 'error'] as const;
  if (moment === 'before-log' || moment === 'after-log') return always;
  const takesReply =
    moment === 'after-receive' &&
    point.startsWith('coordinator.') &&
    point !== 'coordinator.execute.after-receive';
  const drop = takesReply || moment === 'before-reply' ? 'drop-reply' : 'drop-request';
  return [...always, drop, 'duplicate'];
}
