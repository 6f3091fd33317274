import type { UpstreamServer } from '#platform/nginx/upstream.js';

/** What stands between the load and the back ends: nginx, or a process that chooses for itself. */
export interface Balancer {
  readonly port: number;
  /** The back ends from now on; resolves when it is in force. */
  update(servers: readonly UpstreamServer[]): Promise<void>;
  /** Requests that were sent to a second back end since the start. */
  retries(): Promise<number>;
  close(): Promise<void>;
}
