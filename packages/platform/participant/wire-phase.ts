import { Phase as WirePhase } from '#generated/tristate/participant/v1/participant.js';
import type { Phase } from '#protocols/commit/messages.js';

/** The phases of the commit protocols as they are called in messages. */
export const wirePhase: Record<Phase, WirePhase> = {
  apply: WirePhase.APPLY,
  cancel: WirePhase.CANCEL,
  try: WirePhase.TRY,
  confirm: WirePhase.CONFIRM,
  prepare: WirePhase.PREPARE,
  commit: WirePhase.COMMIT,
  abort: WirePhase.ABORT,
  'can-commit': WirePhase.CAN_COMMIT,
  'pre-commit': WirePhase.PRE_COMMIT,
  'do-commit': WirePhase.DO_COMMIT,
};

const phaseOfWire = new Map(Object.entries(wirePhase).map(([phase, wire]) => [wire, phase as Phase]));

/** Undefined for what is not a phase of a protocol. */
export function toPhase(wire: WirePhase): Phase | undefined {
  return phaseOfWire.get(wire);
}
