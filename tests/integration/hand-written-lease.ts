import pg from 'pg';
import type { ClusterForTest } from './cluster-for-test.js';

/** As long as a test takes. */
const longMs = 600_000;

interface LeaseContent {
  readonly epoch?: number;
  readonly leaseMs?: number;
  readonly synchronous?: string;
  readonly synchronousReplicas?: number;
}

/** Writes by hand what the supervisor writes: who is the primary, and for how long. */
export class HandWrittenLease {
  constructor(private readonly cluster: ClusterForTest) {}

  /** What a primary needs before its first lease. */
  async open(name: string, epoch: number, beganAt = '0/0'): Promise<void> {
    await this.at(name, async (client) => {
      await client.query(`
        CREATE TABLE IF NOT EXISTS lease (
          one boolean PRIMARY KEY DEFAULT true CHECK (one), epoch int NOT NULL, primary_name text NOT NULL,
          expires_at timestamptz NOT NULL, renewed_at timestamptz NOT NULL, synchronous text NOT NULL,
          synchronous_replicas int NOT NULL);
        CREATE TABLE IF NOT EXISTS epochs (
          epoch int PRIMARY KEY, primary_name text NOT NULL, began_at_lsn pg_lsn NOT NULL, began_at timestamptz NOT NULL);
        GRANT SELECT ON lease, epochs TO PUBLIC;
        COMMENT ON DATABASE cluster IS '${epoch}'`);
      await client.query('INSERT INTO epochs VALUES ($1, $2, $3, clock_timestamp())', [epoch, name, beganAt]);
    });
  }

  async hold(name: string, content: LeaseContent = {}): Promise<void> {
    const { epoch = 1, leaseMs = longMs, synchronous = 'none', synchronousReplicas = 0 } = content;
    await this.at(name, (client) =>
      client.query(
        `INSERT INTO lease
         VALUES (true, $1, $2, clock_timestamp() + $3 * interval '1 millisecond', clock_timestamp(), $4, $5)
         ON CONFLICT (one) DO UPDATE SET epoch = excluded.epoch, primary_name = excluded.primary_name,
           expires_at = excluded.expires_at, renewed_at = excluded.renewed_at, synchronous = excluded.synchronous,
           synchronous_replicas = excluded.synchronous_replicas`,
        [epoch, name, leaseMs, synchronous, synchronousReplicas],
      ),
    );
  }

  private async at(name: string, work: (client: pg.Client) => Promise<unknown>): Promise<void> {
    const url = new URL(this.cluster.supervisorConfig().connectionString);
    url.port = String(this.cluster.portOf(name));
    const client = new pg.Client({
      connectionString: url.href,
      options: '-c synchronous_commit=local -c default_transaction_read_only=off',
    });
    client.on('error', () => undefined);
    await client.connect();
    try {
      await work(client);
    } finally {
      await client.end();
    }
  }
}
