import type { UpstreamServer } from '#platform/nginx/upstream.js';
import { fullWeight } from '#protocols/balancing/strategy.js';

/** Refuses at once, so that nginx answers 502 for a service of which nobody is there, instead of 404. */
const nowhere: UpstreamServer = { address: '127.0.0.1:9', weight: fullWeight };

type Upstreams = ReadonlyMap<string, readonly UpstreamServer[]>;

/** With numbers instead of names, since nginx does not start with a name that it cannot find; what cannot be found is left out. */
export async function withAddresses(
  upstreams: Upstreams,
  resolve: (address: string) => Promise<string | undefined>,
): Promise<Upstreams> {
  const found = new Map<string, readonly UpstreamServer[]>();
  for (const [service, servers] of upstreams) {
    const resolved = await Promise.all(
      servers.map(async (server) => ({ server, address: await resolve(server.address) })),
    );
    const there = resolved.flatMap(({ server, address }) =>
      address === undefined ? [] : [{ ...server, address }],
    );
    found.set(service, there.length > 0 ? there : [nowhere]);
  }
  return found;
}
