import type { Memory } from '#protocols/failover/cluster.js';
import type { SimulatedServer } from './server.js';

const startMs = 300;
const cloneMs = 500;
const holdBackMs = 10_000;

/** Who runs the servers: each starts as what the supervisor remembers it to be, and is cloned where it must be. */
export class SimulatedLauncher {
  private readonly downSinceMs = new Map<string, number>();

  constructor(
    private readonly servers: readonly SimulatedServer[],
    private readonly disk: { readonly memory: Memory },
    private readonly nowMs: () => number,
  ) {}

  step(): void {
    for (const server of this.servers) {
      if (server.isUp) {
        this.downSinceMs.delete(server.name);
        if (this.mustBeCloned(server)) server.isUp = false;
      } else this.bringBack(server);
    }
  }

  private bringBack(server: SimulatedServer): void {
    const { primary } = this.disk.memory;
    const sinceMs = this.downSinceMs.get(server.name) ?? this.nowMs();
    this.downSinceMs.set(server.name, sinceMs);
    const downMs = this.nowMs() - sinceMs;
    if (this.mustBeCloned(server)) {
      const source = this.servers.find(({ name }) => name === primary);
      const order = this.disk.memory.cloneOrders[server.name] ?? 0;
      if (downMs >= cloneMs && source?.answers === true && !source.isReplica)
        server.clone(source, order, this.nowMs());
    } else if (downMs >= startMs && !this.isHeldBack(server, downMs)) {
      if (server.name !== primary) server.follows = primary;
      server.start(this.nowMs());
    }
  }

  /** A primary that died may be replaced meanwhile. */
  private isHeldBack({ name, isReplica }: SimulatedServer, downMs: number): boolean {
    const { primary, mode, phase } = this.disk.memory;
    const others = this.servers.filter((server) => server.isUp && server.name !== name);
    return (
      name === primary &&
      !isReplica &&
      mode === 'hot' &&
      phase !== 'stuck' &&
      others.length > 0 &&
      downMs < holdBackMs
    );
  }

  private mustBeCloned({ name, isReplica, executedCloneOrder }: SimulatedServer): boolean {
    const { primary, cloneOrders } = this.disk.memory;
    return name !== primary && (!isReplica || (cloneOrders[name] ?? 0) > executedCloneOrder);
  }
}
