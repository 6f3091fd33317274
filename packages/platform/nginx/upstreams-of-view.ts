import { frontDoorStrategies, fullWeight } from '#protocols/balancing/strategy.js';
import { usableMembers } from '#protocols/failure-detector/usable-members.js';
import type { MemberView, View } from '../membership/view.js';
import type { FrontDoor } from './front-door.js';
import type { UpstreamServer } from './upstream.js';

/** The front door as it was planned, and how it is to follow the registry. */
export interface FollowingDoor {
  readonly planned: FrontDoor;
  /** 0 to 1: the share of a service's members below which nobody is left out as dead. */
  readonly keepShare: number;
}

/**
 * The front door for what is known of the members. Whoever is not to be sent requests stays in the list as `down`, also while it
 * is not there at all: the hash strategies then leave the clients of all others where they are, and a copy that returns finds its own
 * again. A service of which nobody is known is as it was planned.
 */
export function followView({ planned, keepShare }: FollowingDoor, view: View): FrontDoor {
  const upstreams = new Map<string, readonly UpstreamServer[]>();
  for (const [service, servers] of planned.upstreams) {
    const members = view.members.filter((member) => member.service === service);
    upstreams.set(service, members.length === 0 ? servers : serversOf(servers, members, keepShare));
  }
  const { frontDoor } = view.balancing;
  const strategy = frontDoorStrategies.find((name) => name === frontDoor) ?? planned.strategy;
  const { limits } = planned;
  const sheds = view.shedding === '' ? limits?.enabled : view.shedding === 'on';
  return {
    ...planned,
    strategy,
    upstreams,
    ...(limits !== undefined && { limits: { ...limits, enabled: sheds === true } }),
  };
}

function serversOf(
  planned: readonly UpstreamServer[],
  members: readonly MemberView[],
  keepShare: number,
): UpstreamServer[] {
  const usable = new Set(usableMembers(members, keepShare));
  const byAddress = new Map(members.map((member) => [member.httpAddress, member]));
  // The order must not depend on who came first: the hash strategies count by it.
  const others = [...byAddress.keys()].filter((address) => !planned.some((one) => one.address === address));
  const addresses = [...planned.map(({ address }) => address), ...others.sort()];
  return addresses.map((address) => {
    const member = byAddress.get(address);
    if (member === undefined) return { address, weight: fullWeight, down: true };
    const { weight, slowStartShare, underPressure } = member;
    return {
      address,
      weight,
      ...(slowStartShare < 1 && { slowStartShare }),
      ...(underPressure && { underPressure }),
      ...(!usable.has(member) && { down: true }),
    };
  });
}
