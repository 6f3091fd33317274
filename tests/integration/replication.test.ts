import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { waitUntil } from '../e2e/wait-until.js';
import { ClusterForTest } from './cluster-for-test.js';

jest.setTimeout(120_000);
const replayDeadlineMs = 30_000;

/** Real servers, cloned and started as the launcher does it, are killed and brought back. */
describe('streaming replicas', () => {
  let cluster: ClusterForTest;

  beforeAll(async () => {
    cluster = await ClusterForTest.start(2);
    await cluster.at('postgres-1', (client) => client.query('CREATE TABLE notes (text text PRIMARY KEY)'));
  }, 120_000);

  afterAll(async () => {
    await cluster.remove();
  });

  const write = (server: string, text: string): Promise<unknown> =>
    cluster.at(server, (client) => client.query('INSERT INTO notes VALUES ($1)', [text]));

  const read = async (server: string): Promise<string[]> =>
    cluster.at(server, async (client) => {
      const { rows } = await client.query<{ text: string }>('SELECT text FROM notes ORDER BY text');
      return rows.map(({ text }) => text);
    });

  const shows = (server: string, text: string): Promise<true> =>
    waitUntil(`${text} at ${server}`, replayDeadlineMs, async () =>
      (await read(server)).includes(text) ? true : undefined,
    );

  test('show what the primary has written, and take no writes', async () => {
    await write('postgres-1', 'a');
    await Promise.all([shows('postgres-2', 'a'), shows('postgres-3', 'a')]);
    await expect(write('postgres-2', 'b')).rejects.toThrow('read-only transaction');
  });

  test('go on where they were when they come back after a kill -9', async () => {
    await cluster.kill('postgres-2');
    await write('postgres-1', 'while postgres-2 was dead');
    await cluster.startServer('postgres-2');
    await shows('postgres-2', 'while postgres-2 was dead');
  });

  test('outlive a kill -9 of their primary', async () => {
    await cluster.kill('postgres-1');
    await cluster.startServer('postgres-1');
    await write('postgres-1', 'after the kill');
    await Promise.all([shows('postgres-2', 'after the kill'), shows('postgres-3', 'after the kill')]);
  });

  test('are made anew when they are ordered to be', async () => {
    await cluster.kill('postgres-3');
    cluster.changeRecord({ cloneOrders: { 'postgres-3': 7 } });
    await cluster.startServer('postgres-3');
    await cluster.streams('postgres-3');
    await shows('postgres-3', 'after the kill');
    const executed = await cluster.at('postgres-3', (client) =>
      client.query<{ order: string }>(`SELECT pg_read_file('clone-order') AS order`),
    );
    expect(executed.rows[0]?.order).toBe('7');
  });

  test('are what an old primary becomes; what it alone had is gone', async () => {
    await cluster.kill('postgres-2');
    await cluster.kill('postgres-3');
    await write('postgres-1', 'seen by nobody');
    await cluster.kill('postgres-1');
    await cluster.startServer('postgres-2');
    await cluster.promote('postgres-2');
    await write('postgres-2', 'by the new primary');
    await Promise.all(['postgres-1', 'postgres-3'].map((name) => cluster.startServer(name)));
    await cluster.streams('postgres-1');
    await shows('postgres-1', 'by the new primary');
    expect(await read('postgres-1')).not.toContain('seen by nobody');
    await expect(write('postgres-1', 'c')).rejects.toThrow('read-only transaction');
  });

  test('are prepared as primaries once they are promoted, also with what the one before had not been given', async () => {
    let wanted = 'for postgres-2';
    cluster.serveEachPrimary(async ({ name }) => {
      await write(name, wanted);
    });
    await shows('postgres-2', 'for postgres-2');
    wanted = 'for postgres-1';
    await cluster.kill('postgres-2');
    await cluster.promote('postgres-1');
    await shows('postgres-1', 'for postgres-1');
  });
});
