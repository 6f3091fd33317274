import { fullWeight, type ClientStrategy } from '#protocols/balancing/strategy.js';
import type { Target } from '#protocols/balancing/target.js';
import type { Callees } from './callees.js';

/** The copies that a process was told of when it started: all there is to go by until the registry has told of more. */
export class KnownCallees implements Callees {
  constructor(
    private readonly peers: ReadonlyMap<string, readonly string[]>,
    readonly strategy: ClientStrategy,
  ) {}

  targets(service: string): readonly Target[] {
    return this.addresses(service).map((address) => ({ address, weight: fullWeight }));
  }

  addresses(service: string): readonly string[] {
    return this.peers.get(service) ?? [];
  }

  onChange(): () => void {
    return () => undefined;
  }
}
