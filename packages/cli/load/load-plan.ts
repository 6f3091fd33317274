import type { RateShape } from './schedule/rate-shape.js';

/** One of the things that clients do, and how often they do it in comparison with the others. */
export interface RequestKind {
  readonly name: string;
  readonly weight: number;
  readonly method: 'GET' | 'POST';
  /** One is chosen for each request. */
  readonly paths: readonly string[];
  /** Of a POST: one is chosen for each request. Each is sent under an idempotency key of its own. */
  readonly bodies?: readonly string[];
  /** Statuses that are a right answer to this, be it a refusal; any other counts as an error. */
  readonly expected: readonly number[];
}

export interface OpenLoop {
  readonly kind: 'open';
  readonly shape: RateShape;
  /** Connections are opened as they are needed, up to so many; beyond, requests wait, and their waiting counts. */
  readonly connections: number;
}

/** So many clients that ask again as soon as they have an answer: a slow server gets fewer requests. */
export interface ClosedLoop {
  readonly kind: 'closed';
  readonly connections: number;
}

export interface LoadPlan {
  readonly host: string;
  readonly port: number;
  readonly kinds: readonly RequestKind[];
  readonly loop: OpenLoop | ClosedLoop;
  readonly durationMs: number;
  /** Runs first, at the rate that the run begins with, and is not measured. */
  readonly warmUpMs: number;
  /** From the scheduled start; an answer that takes longer is an error. */
  readonly timeoutMs: number;
  readonly seed: number;
  /** So many client addresses of the loopback network; 1 leaves the address to the system. */
  readonly clients: number;
  readonly hotClientShare?: number;
  /** A header line for each client, for example its token; shared out when there are fewer. */
  readonly clientHeaders?: readonly string[];
  readonly workers: number;
  /** Keeps when each request was due, sent and answered. */
  readonly keepLog?: boolean;
}

/** What one of the processes is told: it takes every `workers`-th request from its `worker`-th on. */
export interface WorkerPlan extends LoadPlan {
  readonly worker: number;
  /** Prefix of the idempotency keys, different for every run. */
  readonly keyPrefix: string;
  /** When the measured part begins, by the wall clock: the same for all. */
  readonly beginsAtEpochMs: number;
}

/** Of a run, in milliseconds from the begin of its measured part. */
export interface LoggedRequest {
  readonly number: number;
  readonly dueMs: number;
  readonly sentMs: number;
  readonly doneMs: number;
}

/**
 * The whole of 127/8 is the loopback interface. The third byte differs, since nginx's ip_hash looks at the first three alone.
 */
export function clientAddress(client: number): string {
  return `127.1.${client + 1}.1`;
}

export const mostClients = 250;
