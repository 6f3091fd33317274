import { experimental, type ChannelOptions } from '@grpc/grpc-js';
import { toSubchannelAddress } from '../hosts-resolver.js';
import { contextOf, type ChannelContext } from './channel-context.js';
import { policyName } from './policy-config.js';

/** `tristate:inventory` is whatever copies of inventory the registry knows. */
export const scheme = 'tristate';

/** Tells a channel which copies of a service there are, and by which policy one is chosen, whenever that changes. */
class ViewResolver implements experimental.Resolver {
  private readonly service: string;
  private readonly context: ChannelContext;
  private stop: (() => void) | undefined;
  private isDue = false;

  constructor(
    target: experimental.GrpcUri,
    private readonly listener: experimental.ResolverListener,
    options: ChannelOptions,
  ) {
    this.service = target.path;
    this.context = contextOf(options);
  }

  updateResolution(): void {
    this.stop ??= this.context.callees.onChange(() => this.publishSoon());
    this.publishSoon();
  }

  destroy(): void {
    this.stop?.();
    this.stop = undefined;
  }

  /** grpc-js must not be called back from within its own call; several changes at once become one. */
  private publishSoon(): void {
    if (this.isDue) return;
    this.isDue = true;
    process.nextTick(() => {
      this.isDue = false;
      if (this.stop !== undefined) this.publish();
    });
  }

  private publish(): void {
    const { strategy } = this.context.callees;
    const targets = this.context.callees.targets(this.service);
    // A view without a copy is no reason to let go of those that were there.
    if (targets.length === 0) return;
    const endpoints = targets.map(({ address }) => ({ addresses: [toSubchannelAddress(address)] }));
    this.listener(
      experimental.statusOrFromValue(endpoints),
      {},
      experimental.statusOrFromValue({
        loadBalancingConfig: [{ [policyName(strategy)]: { targets } }],
        methodConfig: [],
      }),
      '',
    );
  }

  static getDefaultAuthority(target: experimental.GrpcUri): string {
    return target.path;
  }
}

export function registerResolver(): void {
  experimental.registerResolver(scheme, ViewResolver);
}
