import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Database } from '#platform/postgres/database.js';
import { migrate } from '#platform/postgres/migrations.js';
import { PostgresProducts } from '#services/inventory/storage/products.js';
import { waitUntil } from '../e2e/wait-until.js';
import { ClusterForTest } from './cluster-for-test.js';
import { HandWrittenLease } from './hand-written-lease.js';
import { newMetricsForTest, silent } from './postgres-for-test.js';
import { SearchForTest } from './search-for-test.js';

jest.setTimeout(300_000);

const deadlineMs = 60_000;
const replicas = ['postgres-2', 'postgres-3'];

/** The search beside a primary and two replicas, of which the test says how far they are and who is the primary. */
describe('the search in a cluster', () => {
  let cluster: ClusterForTest;
  let lease: HandWrittenLease;
  let database: Database;
  let products: PostgresProducts;
  let search: SearchForTest;

  beforeAll(async () => {
    cluster = await ClusterForTest.start(replicas.length);
    lease = new HandWrittenLease(cluster);
    await lease.open('postgres-1', 1);
    const config = await cluster.create('shop');
    await lease.hold('postgres-1');
    database = new Database(config, 'test', newMetricsForTest(), silent);
    await database.start();
    await migrate(
      { ...config, connectionString: database.connectionString },
      'inventory',
      'services/inventory/storage/migrations',
      silent,
    );
    products = new PostgresProducts(database, database);
  });
  beforeEach(async () => {
    await until('replicas can be read', () => database.members.replicas().length === replicas.length);
    for (const name of replicas) await cluster.streams(name);
    search = new SearchForTest(database);
    await search.find({ query: '', consistency: 'strong' });
  });
  afterEach(() => search.close());
  afterAll(async () => {
    await database.close();
    await cluster.remove();
  });

  const until = (what: string, isSo: () => boolean): Promise<true> =>
    waitUntil(what, deadlineMs, () => (isSo() ? true : undefined));
  const add = async (sku: string): Promise<void> => {
    expect(await products.add({ sku, name: `Named ${sku}`, priceMinor: 5, available: 1 })).toBe('added');
  };
  const replay = async (what: 'pause' | 'resume'): Promise<void> => {
    for (const name of replicas)
      await cluster.at(name, (client) => client.query(`SELECT pg_wal_replay_${what}()`));
  };

  it('catches up for the session of a write, and not for who has none', async () => {
    await add('SESSION-1');
    const session = await search.sessionAfterWrite();
    expect((await search.find({ query: 'session-1' })).skus).toEqual([]);
    expect((await search.find({ query: 'session-1', session })).skus).toEqual(['SESSION-1']);
    // A place in the log is surely behind the index when there was something after it.
    await add('SESSION-2');
    await search.find({ query: '', consistency: 'strong' });
    const before = await search.catchUps();
    expect((await search.find({ query: 'session-1', session })).skus).toEqual(['SESSION-1']);
    expect(await search.catchUps()).toEqual(before);
  });

  it('shows a product from the primary that the replica does not know which answers', async () => {
    await replay('pause');
    try {
      await add('AHEAD-1');
      await search.find({ query: '', consistency: 'strong' });
      const { skus, total } = await search.find({ query: 'ahead-', consistency: 'eventual' });
      expect([skus, total]).toEqual([['AHEAD-1'], 1]);
    } finally {
      await replay('resume');
    }
  });

  it('never shows less to a session that has seen more, also where another copy answers', async () => {
    const other = new SearchForTest(database);
    await other.find({ query: '', consistency: 'strong' });
    await add('SEEN-1');
    await search.find({ query: '', consistency: 'strong' });
    const consistency = 'monotonic';
    const { total, headers } = await search.find({ query: 'seen-', consistency, pageSize: 1, page: 2 });
    expect(total).toBe(1);
    const session = headers['X-Session'] ?? '';
    expect((await other.find({ query: 'seen-', consistency: 'eventual' })).total).toBe(0);
    expect((await other.find({ query: 'seen-', consistency, session })).total).toBe(1);
  });

  it('goes on without a primary where a replica can prove what is demanded', async () => {
    await add('PROVEN-1');
    const session = await search.sessionAfterWrite();
    for (const name of replicas) await cluster.streams(name);
    await lease.hold('postgres-1', { leaseMs: 0 });
    await until('the lease is over', () => database.refusal() !== undefined);
    expect((await search.find({ query: 'proven-', session })).skus).toEqual(['PROVEN-1']);
    expect(await search.refusalOf({ query: 'proven-', consistency: 'strong' })).toBe('no-primary');
    // One that starts now finds something to begin with, whether it was asked before or not.
    for (const isStarted of [true, false]) {
      const fresh = new SearchForTest(database);
      if (isStarted) await fresh.start();
      const { skus } = await fresh.find({ query: 'proven-', consistency: 'eventual' });
      expect(skus).toEqual(['PROVEN-1']);
      fresh.close();
    }
    await lease.hold('postgres-1');
    await database.start();
  });

  // The last, since the cluster has another primary afterwards.
  it('forgets what a failover has lost, and finds what the new primary adds under numbers that were given before', async () => {
    await cluster.kill('postgres-2');
    await cluster.kill('postgres-3');
    await add('LOST-1');
    for (let index = 0; index < 50; index += 1) await add(`LOST-MORE-${index}`);
    expect((await search.find({ query: 'lost-', consistency: 'strong' })).total).toBe(51);
    await cluster.kill('postgres-1');
    await until('the primary is gone', () => database.refusal() === 'no-primary');
    await cluster.startServer('postgres-2');
    await cluster.promote('postgres-2');
    await lease.open('postgres-2', 2);
    await lease.hold('postgres-2', { epoch: 2 });
    await database.start();
    await add('FOUND-1');
    expect((await search.find({ query: 'lost-', consistency: 'eventual' })).total).toBe(0);
    expect((await search.find({ query: 'found-', consistency: 'strong' })).skus).toEqual(['FOUND-1']);
    expect((await search.find({ query: 'lost-', consistency: 'strong' })).total).toBe(0);
  });
});
