/** What the load generator is told, and what it answers, over its IPC channel. */
export interface LoadPlan {
  readonly port: number;
  readonly clients: number;
  /** Runs first, and is not measured. */
  readonly warmUpMs: number;
  readonly measureMs: number;
  /** Prefix of the idempotency keys, different for every run. */
  readonly keyPrefix: string;
  /** One for each client: every client is a customer with an account of its own. */
  readonly tokens: readonly string[];
  /** Bodies of orders; one is taken at random for each. */
  readonly bodies: readonly string[];
}

export interface LoadResult {
  readonly measuredMs: number;
  /** Answers with status 201 within the measured time. */
  readonly placed: number;
  readonly p50Us: number;
  readonly p99Us: number;
  /** Every answer of the run by its status, warm-up included; `lost` for a connection that broke before one. */
  readonly statuses: Readonly<Record<string, number>>;
  /** CPU time of the load generator in the measured time, as a share of one core. */
  readonly cpuShare: number;
}
