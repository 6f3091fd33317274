import type { FaultAction } from '#protocols/commit/failpoints.js';

/**
 * Something that happened to a transaction in one process; together, the events of all processes are its space-time
 * diagram. A message is named by the process that sent it and the time of sending.
 */
export interface ProtocolEvent {
  readonly gid: string;
  /** For example inventory-1. */
  readonly process: string;
  /** Hybrid logical time in microseconds since the epoch; unique in its process. */
  readonly atUs: number;
  readonly what: What;
}

/** `message` is a phase, its answer (`prepare: done`, `prepare: refused out-of-stock`), execute or its outcome. */
export type What =
  | { kind: 'sent'; message: string; branch?: number; attempt?: number; to: string }
  | { kind: 'received'; message: string; branch?: number; from: string; sentAtUs: number }
  | { kind: 'logged'; record: string; forced: boolean }
  /** A change of a participant's branch that is durable, for example prepared, committed, refused out-of-stock. */
  | { kind: 'did'; branch: number; state: string }
  | { kind: 'turned-away'; message: string; from: string; code: string }
  | { kind: 'fault'; point: string; action: FaultAction }
  /** This coordinator has become the active one and goes on with the transaction. */
  | { kind: 'took-over'; term: number; records: readonly string[] }
  /** 3PC: the participant decided by itself. */
  | { kind: 'decided-alone'; branch: number; decision: 'committed' | 'aborted' }
  | { kind: 'diverged'; branches: readonly number[]; detail: string }
  | { kind: 'ended'; outcome: string }
  /** Noted by the registry: the process is gone, or has come back. */
  | { kind: 'crashed' }
  | { kind: 'restarted' };
