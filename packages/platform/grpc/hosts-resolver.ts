import { experimental } from '@grpc/grpc-js';

/**
 * `hosts:order-1:9090,order-2:9090` is these processes by their names. grpc-js' own `ipv4:` takes numbers alone, and its `dns:` one
 * name. Each name is looked up when a connection is made to it, so that a container that comes back with another address is found.
 */
export const hostsScheme = 'hosts';

class HostsResolver implements experimental.Resolver {
  private readonly addresses: readonly string[];
  private hasAnswered = false;

  constructor(
    target: experimental.GrpcUri,
    private readonly listener: experimental.ResolverListener,
  ) {
    this.addresses = target.path.split(',');
  }

  updateResolution(): void {
    if (this.hasAnswered) return;
    this.hasAnswered = true;
    const endpoints = this.addresses.map((address) => ({ addresses: [toSubchannelAddress(address)] }));
    // grpc-js must not be called back from within its own call.
    process.nextTick(() => {
      if (this.hasAnswered) this.listener(experimental.statusOrFromValue(endpoints), {}, null, '');
    });
  }

  destroy(): void {
    this.hasAnswered = false;
  }

  static getDefaultAuthority(target: experimental.GrpcUri): string {
    return target.path.split(',')[0] ?? target.path;
  }
}

/** HOST:PORT, with brackets around an IPv6 address. */
export function toSubchannelAddress(address: string): experimental.SubchannelAddress {
  const colon = address.lastIndexOf(':');
  return { host: address.slice(0, colon).replace(/^\[|\]$/g, ''), port: Number(address.slice(colon + 1)) };
}

export function registerHostsResolver(): void {
  experimental.registerResolver(hostsScheme, HostsResolver);
}
