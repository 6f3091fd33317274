import pg from 'pg';
import { Member } from '#services/supervisor/storage/member.js';
import type { ClusterForTest } from './cluster-for-test.js';

const renewMs = 100;

/**
 * The supervisor's lease, without a supervisor: it lasts for an hour and is renewed often, so that no machine is too slow
 * to keep it, and nothing is promoted but by the test.
 */
export class LeaseForTest {
  private readonly timer: NodeJS.Timeout;

  private constructor(
    private readonly member: Member,
    private readonly client: pg.Client,
    private readonly values: readonly [epoch: number, name: string],
  ) {
    this.timer = setInterval(() => void this.renew().catch(() => undefined), renewMs);
  }

  /** Gives the lease of the record's epoch to the record's primary. */
  static async hold(cluster: ClusterForTest): Promise<LeaseForTest> {
    const { epoch, primary } = cluster.record;
    const address = cluster.members.find(({ name }) => name === primary);
    if (address === undefined) throw new Error(`there is no server ${primary}`);
    const database = cluster.supervisorConfig();
    const { members } = cluster;
    const nowMs = (): number => performance.now();
    const member = new Member({ member: address, database, members, nowMs, patience: 1 });
    await member.execute({ type: 'open', member: primary, epoch });
    const client = new pg.Client({ connectionString: database.connectionString });
    client.on('error', () => undefined);
    await client.connect();
    const lease = new LeaseForTest(member, client, [epoch, primary]);
    await lease.renew();
    return lease;
  }

  async release(): Promise<void> {
    clearInterval(this.timer);
    this.member.close();
    await this.client.end().catch(() => undefined);
  }

  private async renew(): Promise<void> {
    await this.client.query(
      `INSERT INTO lease (epoch, primary_name, expires_at, renewed_at, synchronous, synchronous_replicas)
       VALUES ($1, $2, clock_timestamp() + interval '1 hour', clock_timestamp(), 'none', 0)
       ON CONFLICT (one) DO UPDATE SET epoch = excluded.epoch, primary_name = excluded.primary_name,
         expires_at = excluded.expires_at, renewed_at = excluded.renewed_at`,
      [...this.values],
    );
  }
}
