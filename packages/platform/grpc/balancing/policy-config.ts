import type { experimental } from '@grpc/grpc-js';
import type { ClientStrategy } from '#protocols/balancing/strategy.js';
import type { Target } from '#protocols/balancing/target.js';

export const policyName = (strategy: ClientStrategy): string => `tristate_${strategy.replace('-', '_')}`;

/** The configuration of one policy in a channel's service config: the copies with their weights. */
export class PolicyConfig implements experimental.TypedLoadBalancingConfig {
  constructor(
    private readonly strategy: ClientStrategy,
    readonly targets: readonly Target[],
  ) {}

  getLoadBalancerName(): string {
    return policyName(this.strategy);
  }

  toJsonObject(): object {
    return { [policyName(this.strategy)]: { targets: this.targets } };
  }
}
