import pg from 'pg';
import { newSupervisor, type Supervisor } from '#services/supervisor/new-supervisor.js';
import type { ClusterView } from '#services/supervisor/domain/describe-cluster.js';
import { waitUntil } from '../e2e/wait-until.js';
import type { ClusterForTest } from './cluster-for-test.js';
import { newMetricsForTest, silent } from './postgres-for-test.js';

/** Real servers on a busy machine. */
const deadlineMs = 60_000;

/** Supervisors, one after another, over the servers of a test. */
export class SupervisorForTest {
  private running: Supervisor | undefined;

  constructor(private readonly cluster: ClusterForTest) {}

  /** @param patience how many times longer than usual a lease lasts */
  start(patience = 1): Supervisor {
    const { recordPath } = this.cluster;
    const config = {
      database: this.cluster.supervisorConfig(),
      supervision: { recordPath, replicationMembers: [], synchronous: 'none', failover: 'hot', patience },
    } as const;
    this.running = newSupervisor(config, newMetricsForTest(), silent);
    this.running.supervision.start();
    return this.running;
  }

  /** As when its process is killed: nothing is said to anybody. */
  kill(): void {
    this.running?.supervision.stop();
    this.running = undefined;
  }

  get operator(): Supervisor['operator'] {
    if (this.running === undefined) throw new Error('no supervisor runs');
    return this.running.operator;
  }

  /** What a member has said last. */
  lastOf(name: string): { isStreaming: boolean; oldest: bigint; lsn: bigint } {
    const seen = this.running?.supervision.observation(name);
    if (seen === undefined) throw new Error(`${name} was never heard`);
    return { isStreaming: seen.streaming, oldest: seen.sending.oldest, lsn: seen.lsn };
  }

  /** Resolves when no new session can write there. */
  async fences(name: string): Promise<void> {
    await waitUntil(`${name} is fenced`, deadlineMs, () =>
      this.running?.supervision.observation(name)?.readOnly === true ? true : undefined,
    );
  }

  /** Resolves with the first view of the cluster that is as wanted. */
  sees(what: string, isWanted: (view: ClusterView) => boolean): Promise<ClusterView> {
    return waitUntil(
      what,
      deadlineMs,
      () => {
        const view = this.operator.show();
        return isWanted(view) ? view : undefined;
      },
      () => JSON.stringify(this.operator.show()),
    );
  }
}

/** Runs a statement as a service's role, in its own database, at one server. */
export async function askService(cluster: ClusterForTest, name: string, text: string): Promise<unknown[]> {
  const { connectionString } = await cluster.create('shop');
  const url = new URL(connectionString);
  url.port = String(cluster.portOf(name));
  return ask(url.href, text);
}

/** Whether a service would believe the server to be the primary, and in which epoch. */
export async function believedEpoch(cluster: ClusterForTest, name: string): Promise<number | undefined> {
  const rows = await askCluster<{ epoch: number }>(
    cluster,
    name,
    `SELECT epoch FROM lease
     WHERE NOT pg_is_in_recovery() AND primary_name = '${name}' AND expires_at > clock_timestamp()`,
  );
  return rows[0]?.epoch;
}

/** Asks the supervisor's database at one server. */
export async function askCluster<Row extends pg.QueryResultRow>(
  cluster: ClusterForTest,
  name: string,
  text: string,
): Promise<Row[]> {
  const url = new URL(cluster.supervisorConfig().connectionString);
  url.port = String(cluster.portOf(name));
  return ask(url.href, text);
}

async function ask<Row extends pg.QueryResultRow>(connectionString: string, text: string): Promise<Row[]> {
  const client = new pg.Client({ connectionString });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query<Row>(text)).rows;
  } finally {
    await client.end();
  }
}
