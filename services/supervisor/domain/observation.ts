import type { Seen } from '#protocols/failover/cluster.js';

/** What a member tells of itself, with what people want to know besides. */
export interface Observation extends Seen {
  /** Up to where its log can be read from it. */
  readonly replayed: bigint;
  /** How long ago what it shows was committed; undefined before it has shown anything. */
  readonly behindMs: number | undefined;
  /** How long a replica waits before it shows what it has received. */
  readonly delayMs: number;
  /** Where the log of its latest epoch begins. */
  readonly beganAtLsn: string;
}
