/**
 * The vocabulary that all commit protocols share, from the coordinator's side. A protocol is a pure function
 * `step(state, event) → {state, effects}`: it takes time, messages and its own log from events, and asks for
 * everything else by effects, which the runtime executes in order.
 */

/** What a participant is asked to do with its branch. */
export const phases = [
  // saga, none
  'apply',
  // saga: undo what apply did; TCC: release what try reserved
  'cancel',
  // TCC
  'try',
  'confirm',
  // 2PC; 3PC aborts in the same way
  'prepare',
  'commit',
  'abort',
  // 3PC
  'can-commit',
  'pre-commit',
  'do-commit',
] as const;
export type Phase = (typeof phases)[number];

/** Why a transaction was aborted or a branch refused; a stable code such as `insufficient-funds`. */
export type AbortCode = string;

export type Outcome = { outcome: 'committed' } | { outcome: 'aborted'; code: AbortCode };

/** The log of one transaction. What is in it survives the coordinator; everything else is rebuilt from it. */
export type LogRecord =
  | { kind: 'begin' }
  /** 3PC: everybody has voted yes, and from now on may commit without being told. */
  | { kind: 'pre-commit' }
  | { kind: 'commit' }
  | { kind: 'abort'; code: AbortCode }
  /** These branches have ended the other way than the decision: 3PC under a partition. */
  | { kind: 'diverged'; branches: readonly number[] }
  | { kind: 'end' };

export type Timer = 'retry' | 'timeout';

export type Event =
  | { type: 'begin' }
  | { type: 'done'; branch: number; phase: Phase }
  | { type: 'refused'; branch: number; phase: Phase; code: AbortCode }
  /** 3PC, unasked: the participant has decided by itself, since it heard nothing from the coordinator. */
  | { type: 'decided-alone'; branch: number; outcome: 'committed' | 'aborted' }
  /** A timer that was scheduled with the same `round` has run out; one of an older round means nothing. */
  | { type: 'timer'; timer: Timer; round: number }
  /** The coordinator restarted and found these records, in the order in which they were written. */
  | { type: 'recover'; records: readonly LogRecord[] };

export type Effect =
  /** `forced`: no later effect is executed before the record is on disk. Else it may be lost in a crash. */
  | { type: 'persist'; record: LogRecord; forced: boolean }
  /** May be lost, late or repeated. `attempt` counts from 1. */
  | { type: 'send'; branch: number; phase: Phase; attempt: number; code: AbortCode }
  | { type: 'schedule'; timer: Timer; round: number; delayMs: number }
  /** These branches, all that are known so far, have ended the other way than the decision: somebody must be told. */
  | { type: 'diverged'; branches: readonly number[] }
  /** Tells whoever waits for this transaction. */
  | { type: 'reply'; outcome: Outcome }
  /** Nothing is left to do: the runtime may forget the state. */
  | { type: 'forget' };

export interface Step<State> {
  readonly state: State;
  readonly effects: readonly Effect[];
}

/** A commit protocol for a transaction of `branchCount` branches. */
export interface CommitProtocol<State> {
  initial(branchCount: number): State;
  step(state: State, event: Event): Step<State>;
}

// Longer than an answer takes under load: a repetition competes with what it repeats.
const firstRetryMs = 500;
const longestRetryMs = 2_000;

/**
 * How long to wait for the answer to the `attempt`-th message before it is sent again. There is no last attempt:
 * who gives up leaves locks or money behind.
 */
export function retryDelayMs(attempt: number): number {
  return Math.min(longestRetryMs, firstRetryMs * 2 ** Math.min(attempt - 1, 10));
}
