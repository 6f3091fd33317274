import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { Problem } from '#platform/errors/problem.js';
import { Database, type Statement } from '#platform/postgres/database.js';
import type { Replica } from '#platform/postgres/members.js';
import { isAtLeast } from '#platform/postgres/position.js';
import { waitUntil } from '../e2e/wait-until.js';
import { ClusterForTest } from './cluster-for-test.js';
import { HandWrittenLease } from './hand-written-lease.js';
import { newMetricsForTest, silent } from './postgres-for-test.js';

jest.setTimeout(300_000);
const deadlineMs = 60_000;
const poolSize = 4;

const insert: Statement<never> = { name: 'test-insert', text: 'INSERT INTO notes VALUES ($1)' };
const all: Statement<{ text: string }> = {
  name: 'test-all',
  text: 'SELECT text FROM notes ORDER BY text',
};

/** What a piece of work ended with: a code, or `done`. */
const endOf = async (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'done',
    (error: unknown) => (error instanceof Problem ? error.code : String(error)),
  );

/** A process's database on real servers, of which the test says who is the primary. */
describe('the database of a process', () => {
  let cluster: ClusterForTest;
  let lease: HandWrittenLease;
  let database: Database;
  /** In another database of the same servers, as another role. */
  let neighbour: Database;

  beforeAll(async () => {
    cluster = await ClusterForTest.start(2);
    lease = new HandWrittenLease(cluster);
    await lease.open('postgres-1', 1);
    const config = await cluster.create('shop', poolSize);
    const other = await cluster.create('shelf', poolSize);
    await lease.hold('postgres-1');
    database = new Database(config, 'test', newMetricsForTest(), silent);
    neighbour = new Database(other, 'test', newMetricsForTest(), silent, database);
    for (const one of [database, neighbour]) {
      await one.start();
      await one.command('test-create', 'CREATE TABLE notes (text text)');
    }
  });
  beforeEach(async () => {
    for (const one of [database, neighbour])
      await one.run({ name: 'test-clear', text: 'DELETE FROM notes' }, []);
  });
  afterEach(async () => {
    // What a test has taken away comes back for the next.
    await lease.hold(cluster.record.primary, { epoch: cluster.record.epoch });
    await database.start();
  });
  afterAll(async () => {
    await neighbour.close();
    await database.close();
    await cluster.remove();
  });

  const until = (what: string, isSo: () => boolean): Promise<true> =>
    waitUntil(what, deadlineMs, () => Promise.resolve(isSo() ? true : undefined));
  /** Without what a paused server may do when it wakes up. */
  const texts = async (): Promise<string[]> =>
    (await database.run(all, [])).flatMap(({ text }) => (text.startsWith('late') ? [] : [text]));
  const replica = (name: string): Promise<Replica> =>
    waitUntil(`${name} can be read`, deadlineMs, () =>
      Promise.resolve(database.members.replicas().find((one) => one.name === name)),
    );

  test('knows where the log is: whatever was written before is below', async () => {
    const before = await database.position();
    await database.run(insert, ['a']);
    const [after, same] = await Promise.all([database.position(), database.position()]);
    expect([before.epoch, after.epoch]).toEqual([1, 1]);
    expect(after.lsn).toBeGreaterThan(before.lsn);
    expect(same).toEqual(after);
  });

  test('reads a replica between two of its positions, and knows when it has replayed a write', async () => {
    await database.run(insert, ['a']);
    const written = await database.position();
    const one = await replica('postgres-2');
    expect(await one.reaches(written, deadlineMs)).toBe(true);
    const { rows, before, after } = await one.runPositioned(all, []);
    expect(rows).toEqual([{ text: 'a' }]);
    expect([isAtLeast(before, written), isAtLeast(after, before), before.epoch]).toEqual([true, true, 1]);
  });

  test('reads a neighbour on the same replica, as far as the same log has come', async () => {
    await neighbour.run(insert, ['next door']);
    const written = await database.position();
    await replica('postgres-2');
    const one = neighbour.members.replicas().find(({ name }) => name === 'postgres-2');
    expect(await one?.reaches(written, deadlineMs)).toBe(true);
    const { rows, before } = (await one?.runPositioned(all, [])) ?? {};
    expect(rows).toEqual([{ text: 'next door' }]);
    expect(before !== undefined && isAtLeast(before, written)).toBe(true);
    expect(await one?.run(all, [])).toEqual(rows);
    expect(await texts()).toEqual([]);
  });

  test('gives up on a replica that does not replay in time, and sees it when it does', async () => {
    const one = await replica('postgres-3');
    await cluster.at('postgres-3', (client) => client.query('SELECT pg_wal_replay_pause()'));
    try {
      await database.run(insert, ['a']);
      const written = await database.position();
      expect(await one.reaches(written, 50)).toBe(false);
      const reached = one.reaches(written, deadlineMs);
      await cluster.at('postgres-3', (client) => client.query('SELECT pg_wal_replay_resume()'));
      expect(await reached).toBe(true);
    } finally {
      await cluster.at('postgres-3', (client) => client.query('SELECT pg_wal_replay_resume()'));
    }
  });

  test('refuses writes when the lease is over, goes on when there is one, and can be read all the time', async () => {
    await lease.hold('postgres-1', { leaseMs: 0 });
    await until('the lease is over', () => database.refusal() !== undefined);
    expect(await endOf(database.run(insert, ['refused']))).toBe('no-primary');
    expect(await endOf(neighbour.run(insert, ['refused']))).toBe('no-primary');
    await expect(database.ping()).resolves.toBeUndefined();
    const one = await replica('postgres-2');
    expect(await one.run(all, [])).toEqual([]);
    await lease.hold('postgres-1');
    await database.start();
    await database.run(insert, ['a']);
    expect(await texts()).toEqual(['a']);
  });

  test('keeps the connections of a primary whose lease has only run out, and ends what was under way on them', async () => {
    const own: Statement<{ pid: number }> = { name: 'test-pid', text: 'SELECT pg_backend_pid() AS pid' };
    const sleep: Statement<never> = { name: 'test-sleep', text: 'SELECT pg_sleep(60)' };
    // Two are opened, of which one is busy when the lease ends.
    await Promise.all([database.run(own, []), database.run(own, [])]);
    const busy = endOf(database.run(sleep, []));
    const [idle] = await database.run(own, []);
    await lease.hold('postgres-1', { leaseMs: 0 });
    await until('the lease is over', () => database.refusal() !== undefined);
    expect(await busy).toBe('upstream-unavailable');
    await lease.hold('postgres-1');
    await database.start();
    expect(await database.run(own, [])).toEqual([idle]);
  });

  /**
   * True when the process knows of the short lease, too, and has its connections, so that what is sent next goes out at once. On a
   * slow machine the lease may be over before.
   */
  const shorten = async (leaseMs: number): Promise<boolean> => {
    await lease.hold('postgres-1', { leaseMs: 0 });
    await until('the lease is over', () => database.refusal() !== undefined);
    const sinceMs = performance.now();
    await lease.hold('postgres-1', { leaseMs });
    const isOver = (): boolean => performance.now() - sinceMs > 2 * leaseMs;
    await until('the lease is heard of, or over', () => database.refusal() === undefined || isOver());
    const ends = await Promise.all(Array.from({ length: poolSize }, () => endOf(texts())));
    return ends.every((end) => end === 'done') && database.refusal() === undefined;
  };

  test('believes no answer that comes after the lease, when the process itself was held up', async () => {
    const leaseMs = 4_000;
    const ends = await waitUntil('a statement was sent within the lease', deadlineMs, async () => {
      if (!(await shorten(leaseMs))) return undefined;
      const sent = endOf(database.run({ name: 'test-slow', text: 'SELECT pg_sleep(0.5)' }, []));
      await new Promise((resolve) => setImmediate(resolve));
      // As SIGSTOP would: the answer waits in the socket.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, leaseMs + 100);
      return sent;
    });
    expect(ends).toBe('upstream-unavailable');
  });

  test('leaves a primary that is silent until its lease is over, with all that was sent to it', async () => {
    const ends = await waitUntil('a statement was sent within the lease', deadlineMs, async () => {
      // Over before the pool gives up on those who wait for a connection.
      if (!(await shorten(2_500))) return undefined;
      cluster.pause('postgres-1');
      try {
        if (database.refusal() !== undefined) return undefined;
        // More than there are connections: some have not been sent.
        const sent = Array.from({ length: 2 * poolSize }, (_, index) =>
          endOf(database.run(insert, [`late ${index}`])),
        );
        return await Promise.all(sent);
      } finally {
        cluster.resume('postgres-1');
      }
    });
    expect(new Set(ends)).toEqual(new Set(['upstream-unavailable', 'no-primary']));
  });

  test('tells of a write that no replica has confirmed, and refuses when none is there', async () => {
    const synchronize = (names: string): Promise<unknown> =>
      cluster.at('postgres-1', async (client) => {
        await client.query(`ALTER SYSTEM SET synchronous_standby_names = '${names}'`);
        await client.query('SELECT pg_reload_conf()');
      });
    await synchronize('nobody');
    try {
      await lease.hold('postgres-1', { synchronous: 'flush', synchronousReplicas: 1 });
      await until('the mode is known', () => database.members.synchronous === 'flush');
      expect(await endOf(database.run(insert, ['alone']))).toBe('write-unconfirmed');
      expect(await endOf(neighbour.run(insert, ['next door']))).toBe('write-unconfirmed');
      expect(await endOf(database.transaction((sql) => sql.run(insert, ['alone too'])))).toBe(
        'write-unconfirmed',
      );
      expect(await texts()).toEqual(['alone', 'alone too']);
      await lease.hold('postgres-1', { synchronous: 'flush', synchronousReplicas: 0 });
      await until('nobody is there', () => database.refusal() === 'no-synchronous-replica');
    } finally {
      await synchronize('');
    }
  });

  test('follows a promotion, tells of the new epoch first, and knows where the old one ended', async () => {
    await database.run(insert, ['a']);
    await cluster.streams('postgres-2');
    const epochs: string[] = [];
    database.members.onEpoch((epoch) =>
      epochs.push(`${epoch} ${database.members.primaryName() ?? 'nobody'}`),
    );
    await cluster.kill('postgres-1');
    await until('the primary is gone', () => database.refusal() === 'no-primary');
    await cluster.promote('postgres-2');
    await lease.open('postgres-2', 2, 'AA/0');
    await lease.hold('postgres-2', { epoch: 2 });
    await database.start();
    await database.run(insert, ['b']);
    await neighbour.run(insert, ['b']);
    expect(await texts()).toEqual(['a', 'b']);
    expect(await neighbour.run(all, [])).toEqual([{ text: 'b' }]);
    expect([database.members.primaryName(), database.members.epoch, epochs]).toEqual([
      'postgres-2',
      2,
      ['2 nobody'],
    ]);
    expect([database.members.endOf(1), database.members.endOf(2)]).toEqual([0xaa00000000n, undefined]);
    expect((await database.position()).epoch).toBe(2);
  });
});
