import { clientStrategies, type ClientStrategy } from '#protocols/balancing/strategy.js';
import type { Target } from '#protocols/balancing/target.js';
import type { MembershipView } from '../../membership/members-view.js';
import type { Callees } from './callees.js';

/** As long as half of a service's copies are well, those that are suspected get nothing: nobody has to wait to know. */
const enoughAlive = 0.5;

/** The copies as the registry knows them, chosen as the registry says; what was configured holds where it knows nobody. */
export class ViewCallees implements Callees {
  constructor(
    private readonly view: MembershipView,
    private readonly configured: Callees,
  ) {}

  get strategy(): ClientStrategy {
    const chosen = this.view.current()?.balancing.grpc;
    return clientStrategies.find((name) => name === chosen) ?? this.configured.strategy;
  }

  targets(service: string): readonly Target[] {
    const members = this.view.members(service).filter(({ grpcAddress }) => grpcAddress !== '');
    if (members.length === 0) return this.configured.targets(service);
    const alive = members.filter(({ state }) => state === 'alive');
    const chosen = alive.length >= Math.max(1, members.length * enoughAlive) ? alive : members;
    return chosen.map(({ grpcAddress: address, weight, slowStartShare }) => ({
      address,
      weight,
      ...(slowStartShare < 1 && { slowStartShare }),
    }));
  }

  addresses(service: string): readonly string[] {
    const members = this.view.current()?.members.filter((member) => member.service === service) ?? [];
    const addresses = members.map(({ grpcAddress }) => grpcAddress).filter((address) => address !== '');
    return addresses.length === 0 ? this.configured.addresses(service) : addresses;
  }

  onChange(listener: () => void): () => void {
    return this.view.onChange(listener);
  }
}
