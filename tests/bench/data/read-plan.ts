/** What the reader is told over its IPC channel, and what it answers. */
export interface ReadPlan {
  readonly url: string;
  readonly connections: number;
  /** What each connection asks for again and again; shared out among them. */
  readonly requests: readonly { readonly path: string; readonly token: string }[];
  readonly consistency: string;
  /** Runs first, and is not measured. */
  readonly warmUpMs: number;
  readonly measureMs: number;
}

export interface ReadResult {
  readonly readsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Every answer of the run by its status, warm-up included; `lost` for a connection that broke before one. */
  readonly statuses: Readonly<Record<string, number>>;
  /** By X-Read-From. */
  readonly servers: Readonly<Record<string, number>>;
}
