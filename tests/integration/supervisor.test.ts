import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { timings } from '#protocols/failover/cluster.js';
import { ClusterForTest } from './cluster-for-test.js';
import { askCluster, askService, believedEpoch, SupervisorForTest } from './supervisor-for-test.js';

/** Real servers take their time on a busy machine. */
jest.setTimeout(240_000);

/** The supervisor over a real primary and two real replicas, which are killed, paused and cut off. */
describe('the supervisor of the database', () => {
  let cluster: ClusterForTest;
  let supervisor: SupervisorForTest;

  beforeEach(async () => {
    cluster = await ClusterForTest.start(2);
    await cluster.create('shop');
    supervisor = new SupervisorForTest(cluster);
    supervisor.start();
    await supervisor.sees('a primary with two replicas', ({ primary, members }) => {
      return primary === 'postgres-1' && members.every(({ role }) => role !== 'unreachable');
    });
  });
  afterEach(async () => {
    supervisor.kill();
    await cluster.remove();
  });

  const promoted = (): ReturnType<SupervisorForTest['sees']> =>
    supervisor.sees('a replica is the primary', ({ epoch, primary }) => epoch === 2 && primary !== null);

  it('promotes a replica when the primary is killed, and the other one follows it', async () => {
    expect(await believedEpoch(cluster, 'postgres-1')).toBe(1);
    await cluster.kill('postgres-1');
    const { primary, history } = await promoted();
    expect(['postgres-2', 'postgres-3']).toContain(primary);
    expect(history).toMatchObject([{ epoch: 2, primary, why: 'the primary was lost' }]);
    expect(await believedEpoch(cluster, primary ?? '')).toBe(2);
    await cluster.streams(primary === 'postgres-2' ? 'postgres-3' : 'postgres-2');
    // It comes back as what the record says.
    await cluster.startServer('postgres-1');
    await cluster.streams('postgres-1');
    const epochs = await askCluster<{ epoch: number }>(
      cluster,
      'postgres-1',
      'SELECT epoch FROM epochs ORDER BY epoch',
    );
    expect(epochs).toEqual([{ epoch: 1 }, { epoch: 2 }]);
  });

  it('promotes a replica when the primary is silent, and believes nothing of it when it wakes up', async () => {
    cluster.pause('postgres-1');
    await promoted();
    cluster.resume('postgres-1');
    expect(await believedEpoch(cluster, 'postgres-1')).toBeUndefined();
    const seen = await supervisor.sees(
      'the old primary is recognized',
      ({ members }) => members[0]?.role === 'old-primary',
    );
    expect(seen.primary).not.toBe('postgres-1');
    await supervisor.fences('postgres-1');
    await expect(askService(cluster, 'postgres-1', 'CREATE TABLE written (id int)')).rejects.toThrow(
      'read-only',
    );
    expect(await believedEpoch(cluster, 'postgres-1')).toBeUndefined();
  });

  it('clones no replica that was cut off, of whose log the primary has everything', async () => {
    const cutOffMs = 2 * timings.strayMs;
    // It can be asked, and cannot stream: the slot that it streams from is another's.
    await cluster.at('postgres-2', async (client) => {
      await client.query("ALTER SYSTEM SET primary_slot_name = 'of_nobody'");
      await client.query('SELECT pg_reload_conf()');
    });
    const since = performance.now();
    await supervisor.sees('it has not streamed for long', ({ members }) => {
      const { isStreaming } = supervisor.lastOf('postgres-2');
      return members.length > 0 && !isStreaming && performance.now() - since > cutOffMs;
    });
    expect(cluster.record.cloneOrders).toEqual({});
    expect(supervisor.lastOf('postgres-1').oldest).toBeLessThanOrEqual(supervisor.lastOf('postgres-1').lsn);
  });

  it('leaves a primary alone that was silent for less than its lease', async () => {
    for (let round = 0; round < 3; round += 1) {
      cluster.pause('postgres-1');
      const before = supervisor.operator.show().leaseLeftMs;
      await supervisor.sees('a second has passed', ({ leaseLeftMs }) => leaseLeftMs < before - 1_000);
      cluster.resume('postgres-1');
      await supervisor.sees('the lease is renewed', ({ leaseLeftMs }) => leaseLeftMs > 2_000);
    }
    expect(cluster.record).toMatchObject({ epoch: 1, primary: 'postgres-1', phase: 'steady' });
  });

  it('waits three times as long where it is told to be patient', async () => {
    const silenceMs = timings.leaseMs + timings.returnMs;
    supervisor.kill();
    supervisor.start(3);
    await supervisor.sees('a long lease', ({ leaseLeftMs }) => leaseLeftMs > 2 * timings.leaseMs);
    cluster.pause('postgres-1');
    const before = supervisor.operator.show().leaseLeftMs;
    await supervisor.sees('a silence', ({ leaseLeftMs }) => leaseLeftMs < before - silenceMs);
    cluster.resume('postgres-1');
    await supervisor.sees('the lease is renewed', ({ leaseLeftMs }) => leaseLeftMs > 2 * timings.leaseMs);
    expect(cluster.record).toMatchObject({ epoch: 1, primary: 'postgres-1', phase: 'steady' });
    cluster.pause('postgres-1');
    const { history } = await promoted();
    expect(history[0]?.tookMs).toBeGreaterThan(2 * timings.leaseMs);
    cluster.resume('postgres-1');
  });
});
