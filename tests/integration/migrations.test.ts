import { Writable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import pg from 'pg';
import { pino } from 'pino';
import { migrate } from '#platform/postgres/migrations.js';
import { newPostgresForTest, type PostgresForTest } from './postgres-for-test.js';

/** A real server takes its time on a busy machine. */
jest.setTimeout(60_000);

describe('migrations', () => {
  let postgres: PostgresForTest;
  beforeAll(async () => {
    postgres = await newPostgresForTest();
  });
  afterAll(() => postgres.remove());

  it('are run by one of four copies that start at once', async () => {
    const config = await postgres.create('inventory');
    const said: string[] = [];
    const logger = pino(
      new Writable({
        write: (line: Buffer, _encoding, done) => {
          said.push(line.toString());
          done();
        },
      }),
    );
    const start = (): Promise<void> =>
      migrate(config, 'inventory', 'services/inventory/storage/migrations', logger);
    await Promise.all([start(), start(), start(), start()]);
    await start();
    expect(said.filter((line) => line.includes('schema migrated'))).toHaveLength(1);

    const client = new pg.Client({ connectionString: config.connectionString });
    await client.connect();
    const { rows: migrations } = await client.query<{ name: string }>(
      'SELECT name FROM inventory.migrations ORDER BY name',
    );
    const { rows: rare } = await client.query(
      `SELECT available FROM inventory.products WHERE sku = 'RARE-3'`,
    );
    await client.end();
    expect(migrations.map(({ name }) => name)).toEqual([
      '0001_products',
      '0002_catalogue',
      '0003_reservations',
      '0004_added_by',
    ]);
    expect(rare).toEqual([{ available: 3 }]);
  });

  it('stop the start when they cannot be run', async () => {
    const config = await postgres.create('broken');
    const logger = pino({ level: 'silent' });
    await expect(migrate(config, 'broken', 'services/no-such-folder', logger)).rejects.toThrow();
  });
});
