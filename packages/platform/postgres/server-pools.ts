import { ServerPool, type ServerPoolParts } from './server-pool.js';

/** The pools of one server, one for each database that is used there: what becomes of the server becomes of all of them. */
export class ServerPools {
  private readonly pools = new Map<string, ServerPool>();

  constructor(private readonly parts: Omit<ServerPoolParts, 'connectionString' | 'size'>) {}

  /** Of one database, opened when it is asked for first. */
  of(connectionString: string, size: number): ServerPool {
    const found = this.pools.get(connectionString);
    if (found !== undefined) return found;
    const pool = new ServerPool({ ...this.parts, connectionString, size });
    this.pools.set(connectionString, pool);
    return pool;
  }

  /** As a pool's own; whoever asks next gets new ones. */
  destroy(why: 'no-primary' | 'upstream-unavailable'): void {
    for (const pool of this.pools.values()) pool.destroy(why);
    this.pools.clear();
  }

  interrupt(why: 'no-primary'): void {
    for (const pool of this.pools.values()) pool.interrupt(why);
  }

  async close(): Promise<void> {
    const pools = [...this.pools.values()];
    this.pools.clear();
    await Promise.all(pools.map((pool) => pool.close()));
  }
}
