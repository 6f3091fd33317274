import type { MemberState } from './member.js';

/** What decides whether somebody is sent requests. */
export interface Usable {
  readonly state: MemberState;
  readonly draining: boolean;
}

/**
 * Which of a service's members are to be sent requests. The dead are left out only while enough others remain: when more are missing
 * than that, it is more likely that the detector is wrong than that they are all dead, and the few that are left could not bear the
 * whole load either ("panic threshold" in Envoy's load balancer).
 *
 * @param keepShare the share of members, 0 to 1, below which nobody is left out as dead
 */
export function usableMembers<Member extends Usable>(
  members: readonly Member[],
  keepShare: number,
): readonly Member[] {
  // Who goes by itself, or was told to, is no sign of a mistake.
  const staying = members.filter(({ state, draining }) => state !== 'leaving' && !draining);
  if (staying.length === 0) return members;
  const living = staying.filter(({ state }) => state !== 'dead');
  return living.length >= Math.max(1, keepShare * staying.length) ? living : staying;
}
