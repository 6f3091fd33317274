import type { DatabaseConfig } from '../config/process-config.js';
import type { Members } from './members.js';
import type { ServerPool, Trust } from './server-pool.js';

/** The server that takes writes, and for how long that is sure. */
export interface Primary {
  readonly name: string;
  readonly epoch: number;
  readonly pool: ServerPool;
  readonly trust: Trust;
  readonly connectionString: string;
}

/** Why a write would be refused before anything is touched. */
export type Refusal = 'no-primary' | 'no-synchronous-replica';

/** Where a process finds its database: one server, or the cluster's present primary. */
export interface PrimarySource {
  readonly members: Members;
  /** Undefined while no server may take writes. */
  current(): Primary | undefined;
  refusal(): Refusal | undefined;
  /** Resolves when writes are possible. */
  start(): Promise<void>;
  /** @throws Problem when nothing can be read */
  ping(): Promise<void>;
  /** Where another database of the same servers is found; it is closed before this one. */
  beside(config: DatabaseConfig): PrimarySource;
  close(): Promise<void>;
}
