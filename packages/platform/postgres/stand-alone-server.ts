import type { DatabaseConfig } from '../config/process-config.js';
import type { Logger } from '../logging/logger.js';
import type { Metrics } from '../metrics/metrics.js';
import { standAlone } from './members.js';
import type { Primary, PrimarySource } from './primary-source.js';
import { ServerPool, unlimitedTrust } from './server-pool.js';
import { waitForStart } from './wait-for-start.js';

/** Each look opens a connection. */
const startPollMs = 500;

/** One server without replicas: it is the primary, whether it can be reached or not. */
export class StandAloneServer implements PrimarySource {
  readonly members = standAlone;
  private readonly primary: Primary;

  constructor(
    config: DatabaseConfig,
    private readonly applicationName: string,
    private readonly metrics: Metrics,
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

  start(): Promise<void> {
    const missing = (): Promise<string | undefined> =>
      this.ping().then(
        () => undefined,
        (error: unknown) => (error instanceof Error ? error.message : String(error)),
      );
    return waitForStart(missing, this.logger, { pollMs: startPollMs });
  }

  async ping(): Promise<void> {
    await this.primary.pool.run({ name: 'ping', text: 'SELECT 1' }, [], unlimitedTrust);
  }

  beside(config: DatabaseConfig): StandAloneServer {
    return new StandAloneServer(config, this.applicationName, this.metrics, this.logger);
  }

  close(): Promise<void> {
    return this.primary.pool.close();
  }
}
