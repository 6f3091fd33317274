import type { SynchronousMode } from '../config/process-config.js';
import type { Position } from './position.js';
import type { Sql, Statement } from './sql.js';

/** The servers of the cluster, as this process sees them. */
export interface Members {
  /** The latest that any server has told of; 0 where one server stands alone. */
  readonly epoch: number;
  /** What a write waits for now, as the supervisor has it written beside the lease. */
  readonly synchronous: SynchronousMode;
  /** Those that may be read from: up, of the current epoch, and not too far behind. */
  replicas(): readonly Replica[];
  /** Undefined while no server may take writes. */
  primaryName(): string | undefined;
  /**
   * Where the log of an ended epoch was cut off: what was written in it beyond this place is lost. Undefined while the epoch
   * lasts, and where nothing is known of its end.
   */
  endOf(epoch: number): bigint | undefined;
  /** Called before the first statement of the new epoch can be sent from this process. */
  onEpoch(listener: (epoch: number) => void): void;
}

/** A server that replays what the primary has written. */
export interface Replica extends Sql {
  readonly name: string;
  /** How far it is behind the primary, as last heard. */
  readonly lagMs: number;
  /** How far it may be behind by now, at most: it shows all that was committed earlier. Infinity when nothing is known. */
  mostBehindMs(): number;
  /** Up to where it has replayed, as last heard. */
  readonly replayed: Position;
  /**
   * A read, with the place up to which the replica had replayed before and after it: `before` is the least that the rows
   * show, `after` the most.
   */
  runPositioned<Row>(statement: Statement<Row>, values: readonly unknown[]): Promise<PositionedRows<Row>>;
  /** True as soon as it has replayed `position`; false when it has not after `waitMs`, or is gone. */
  reaches(position: Position, waitMs: number): Promise<boolean>;
}

export interface PositionedRows<Row> {
  readonly rows: Row[];
  readonly before: Position;
  readonly after: Position;
}

/** A server without replicas, which nobody supervises. */
export const standAlone: Members = {
  epoch: 0,
  synchronous: 'none',
  replicas: () => [],
  primaryName: () => 'postgres',
  endOf: () => undefined,
  onEpoch: () => undefined,
};
