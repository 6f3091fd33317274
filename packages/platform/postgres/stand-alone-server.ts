import { setTimeout as delay } from 'node:timers/promises';
import type { DatabaseConfig } from '../config/process-config.js';
import type { Logger } from '../logging/logger.js';
import type { Metrics } from '../metrics/metrics.js';
import { standAlone } from './members.js';
import type { Primary, PrimarySource } from './primary-source.js';
import { ServerPool, unlimitedTrust } from './server-pool.js';

/** How long a start waits for the server, which may be starting itself. */
const startDeadlineMs = 60_000;
const startPollMs = 500;

/** One server without replicas: it is the primary, whether it can be reached or not. */
export class StandAloneServer implements PrimarySource {
  readonly members = standAlone;
  private readonly primary: Primary;

  constructor(
    config: DatabaseConfig,
    applicationName: string,
    metrics: Metrics,
    private readonly logger: Logger,
  ) {
    const { connectionString, poolSize: size } = config;
    this.primary = {
      name: 'postgres',
      epoch: 0,
      pool: new ServerPool({ connectionString, size, applicationName, metrics, logger }),
      trust: unlimitedTrust,
      connectionString,
    };
  }

  current(): Primary {
    return this.primary;
  }

  refusal(): undefined {
    return undefined;
  }

  async start(): Promise<void> {
    const sinceMs = performance.now();
    for (let isFirst = true; ; isFirst = false) {
      try {
        return await this.ping();
      } catch (error) {
        if (performance.now() - sinceMs > startDeadlineMs) throw error;
        if (isFirst) this.logger.info({ err: error }, 'waiting for the database');
        await delay(startPollMs);
      }
    }
  }

  async ping(): Promise<void> {
    await this.primary.pool.run({ name: 'ping', text: 'SELECT 1' }, [], unlimitedTrust);
  }

  close(): Promise<void> {
    return this.primary.pool.close();
  }
}
