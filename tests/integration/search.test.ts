import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import pg from 'pg';
import type { Database } from '#platform/postgres/database.js';
import type { Product } from '#services/inventory/domain/products.js';
import { PostgresProducts } from '#services/inventory/storage/products.js';
import { addedProducts, productsIn } from '#services/search/storage/added-products.js';
import { waitUntil } from '../e2e/wait-until.js';
import { newPostgresForTest, type PostgresForTest } from './postgres-for-test.js';
import { SearchForTest } from './search-for-test.js';

jest.setTimeout(120_000);

const deadlineMs = 60_000;
const product = (sku: string, name = 'Something new'): Product => ({
  sku,
  name,
  priceMinor: 5,
  available: 1,
});

/** The search beside a server that stands alone, which gives the same answers by itself. */
describe('the search', () => {
  let postgres: PostgresForTest;
  let database: Database;
  let products: PostgresProducts;
  let search: SearchForTest;
  let clients: pg.Client[];

  beforeAll(async () => {
    postgres = await newPostgresForTest();
    database = await postgres.open('shop', ['inventory']);
    products = new PostgresProducts(database, database);
    await products.add(product('ODD-1', '100% "clay" \\ É_é 𝄞'));
    await products.add(product('ODD_2', 'ab'));
    await products.add(product('o', 'É'));
  });
  afterAll(() => postgres.remove());
  beforeEach(() => {
    search = new SearchForTest(database);
    clients = [];
  });
  afterEach(async () => {
    search.close();
    for (const client of clients) await client.end();
  });

  /** A connection with a transaction of its own. */
  const begin = async (): Promise<pg.Client> => {
    const client = new pg.Client({ connectionString: database.connectionString });
    client.on('error', () => undefined);
    clients.push(client);
    await client.connect();
    await client.query('BEGIN');
    return client;
  };
  const insert = (client: pg.Client, sku: string): Promise<unknown> =>
    client.query('INSERT INTO inventory.products VALUES ($1, $2, 5, 1, 1)', [sku, 'Something new']);
  const newSkus = async (consistency = 'strong'): Promise<readonly string[]> =>
    (await search.find({ query: 'hing ne', consistency })).skus;

  it.each([
    '',
    'b',
    'lu',
    'blue',
    'BLUE mug',
    'mug-blu',
    'e 3',
    'size 1',
    '%',
    '_',
    '\\',
    '"',
    'É',
    'é',
    '𝄞',
    'no such',
  ])('answers %j as the database does', async (query) => {
    for (const page of [1, 2, 40]) {
      const asked = { query, page, pageSize: 5 };
      const { items, total } = await search.find({ ...asked, consistency: 'strong' });
      expect({ items, total }).toEqual(await products.search(asked));
    }
  });

  it('finds what was added at once for who demands it, and for an eventual reader when it has read again', async () => {
    expect(await newSkus()).toEqual([]);
    await products.add(product('NEW-1'));
    expect(await newSkus('eventual')).toEqual([]);
    for (const level of ['read-your-writes', 'causal']) expect(await newSkus(level)).toEqual(['NEW-1']);
    await products.add(product('NEW-2'));
    await search.start();
    await waitUntil('the index has read', deadlineMs, async () =>
      (await newSkus('eventual')).includes('NEW-2') ? true : undefined,
    );
  });

  it('does not miss a transaction that commits after one with a higher number', async () => {
    const [early, late] = [await begin(), await begin()];
    await insert(early, 'GAP-EARLY');
    await insert(late, 'GAP-LATE');
    await late.query('COMMIT');
    expect(await newSkus()).toContain('GAP-LATE');
    await products.add(product('GAP-LATEST'));
    expect(await newSkus()).toEqual(expect.not.arrayContaining(['GAP-EARLY']));
    await early.query('COMMIT');
    expect(await newSkus()).toEqual(expect.arrayContaining(['GAP-EARLY', 'GAP-LATE', 'GAP-LATEST']));
  });

  it('does not miss a prepared transaction, however late it is committed', async () => {
    const client = await begin();
    await insert(client, 'PREPARED-1');
    await client.query("PREPARE TRANSACTION 'search'");
    await products.add(product('PREPARED-2'));
    expect(await newSkus()).toEqual(expect.not.arrayContaining(['PREPARED-1']));
    await client.query("COMMIT PREPARED 'search'");
    expect(await newSkus()).toEqual(expect.arrayContaining(['PREPARED-1', 'PREPARED-2']));
  });

  it('finds nothing that was rolled back', async () => {
    const client = await begin();
    await insert(client, 'UNDONE-1');
    expect(await newSkus()).toEqual(expect.not.arrayContaining(['UNDONE-1']));
    await client.query('ROLLBACK');
    expect(await newSkus()).toEqual(expect.not.arrayContaining(['UNDONE-1']));
  });

  it('reads no product again whose stock has changed, and shows its stock all the same', async () => {
    await products.add(product('STOCK-1', 'In stock'));
    const [{ snapshot } = { snapshot: '' }] = await database.run(addedProducts, ['1:1:']);
    await search.find({ query: 'in stock', consistency: 'strong' });
    await database.run(
      { name: 'sell', text: `UPDATE inventory.products SET available = 0 WHERE sku = 'STOCK-1'` },
      [],
    );
    expect(productsIn(await database.run(addedProducts, [snapshot]))).toEqual([]);
    const { items } = await search.find({ query: 'in stock', consistency: 'eventual' });
    expect(items).toEqual([{ ...product('STOCK-1', 'In stock'), available: 0 }]);
  });

  it('is refused while the database is away, goes on when it is back, and misses nothing', async () => {
    await newSkus();
    await postgres.kill();
    for (const consistency of ['eventual', 'strong'])
      expect(await search.refusalOf({ query: 'new', consistency })).toBe('upstream-unavailable');
    await postgres.start();
    await products.add(product('AFTER-CRASH'));
    expect(await newSkus()).toContain('AFTER-CRASH');
  });
});
