import type { MembershipView as WireView } from '#generated/tristate/membership/v1/membership.js';
import { detectorNames, type DetectorName } from '#protocols/failure-detector/detector.js';
import { memberStates } from '#protocols/failure-detector/member.js';
import type { MemberView as CoreMember } from '#protocols/failure-detector/membership.js';

/** One process, as the registry tells of it. */
export interface MemberView extends CoreMember {
  /** 100 is a full share: what was set for it, or follows its load. */
  readonly weight: number;
}

/** What was chosen with /control/balancing; a strategy is empty where it is as configured. */
export interface BalancingView {
  readonly frontDoor: string;
  readonly grpc: string;
  readonly adaptive: boolean;
}

/** Whether load beyond the limits is refused, as it was switched with /control/settings; empty where it is as configured. */
export const sheddingStates = ['', 'on', 'off'] as const;
export type Shedding = (typeof sheddingStates)[number];

/** Who is there, as the registry knows it. */
export interface View {
  /** When the registry that made it started; versions of different epochs do not compare. */
  readonly epoch: number;
  readonly version: number;
  /** False while the registry has just started and does not know everybody yet. */
  readonly settled: boolean;
  readonly members: readonly MemberView[];
  readonly detector: DetectorName;
  readonly balancing: BalancingView;
  readonly shedding: Shedding;
}

export const asConfigured: BalancingView = { frontDoor: '', grpc: '', adaptive: false };

export function toWire(view: View): WireView {
  return { ...view, members: [...view.members] };
}

/** A registry of a later version may know states that this process does not; it takes them for alive. */
export function fromWire(told: WireView): View {
  const { epoch, version, settled, members, detector, balancing, shedding } = told;
  return {
    epoch,
    version,
    settled,
    detector: detectorNames.find((name) => name === detector) ?? 'phi-accrual',
    balancing: balancing ?? asConfigured,
    shedding: sheddingStates.find((state) => state === shedding) ?? '',
    members: members.map((member) => ({
      ...member,
      state: memberStates.find((state) => state === member.state) ?? 'alive',
    })),
  };
}

/**
 * What a process believes after the registry has told it something. A registry that has just started knows nobody yet, an older view
 * that comes late is worth nothing, and one in which a whole service is missing is more likely wrong than right: its last known members
 * stay. So traffic goes on whatever becomes of the registry.
 */
export function acceptView(known: View | undefined, told: View): View | undefined {
  if (!told.settled) return known;
  if (known === undefined) return told;
  const isOlder = told.epoch < known.epoch || (told.epoch === known.epoch && told.version <= known.version);
  if (isOlder) return known;
  const present = new Set(told.members.map(({ service }) => service));
  const kept = known.members.filter(({ service }) => !present.has(service));
  return kept.length === 0 ? told : { ...told, members: [...told.members, ...kept] };
}
