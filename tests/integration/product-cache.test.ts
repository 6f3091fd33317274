import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Redis } from 'ioredis';
import { Reads } from '#platform/consistency/reads.js';
import type { Database } from '#platform/postgres/database.js';
import { addProduct } from '#services/inventory/domain/add-product.js';
import type { Product } from '#services/inventory/domain/products.js';
import { newProductCache } from '#services/inventory/storage/product-cache.js';
import { ProductSource } from '#services/inventory/storage/product-source.js';
import { PostgresProducts } from '#services/inventory/storage/products.js';
import { waitUntil } from '../e2e/wait-until.js';
import { byLabel, newCachingProcess, type ProcessForTest } from './cache-for-test.js';
import { newMetricsForTest, newPostgresForTest, type PostgresForTest } from './postgres-for-test.js';
import { newRedisForTest, type RedisForTest } from './redis-for-test.js';

jest.setTimeout(300_000);

const deadlineMs = 60_000;
const maxReplicaLagMs = 10_000;
/** Longer than any value is fresh, shorter than it may be shown while a new one is fetched. */
const hotExpiryMs = 14_500;

/** How often PostgreSQL is asked, counted in the real one's client, for crowds that come at once. */
describe('the cache of products', () => {
  let redis: RedisForTest;
  let direct: Redis;
  let postgres: PostgresForTest;
  let database: Database;
  let products: PostgresProducts;
  let sql: ReturnType<typeof newMetricsForTest>;
  let shops: ProcessForTest<Product>[];
  let asked: Record<string, number>;

  beforeAll(async () => {
    [redis, postgres] = await Promise.all([newRedisForTest(), newPostgresForTest()]);
    direct = new Redis(redis.url);
    direct.on('error', () => undefined);
    sql = newMetricsForTest();
    database = await postgres.open('shop', ['inventory'], sql);
    products = new PostgresProducts(database, database);
  });
  afterAll(async () => {
    direct.disconnect();
    await Promise.all([redis.remove(), postgres.remove()]);
  });

  beforeEach(async () => {
    await direct.flushall();
    const config = { level: 'eventual', readYourWrites: 'token', windowMs: 1, waitMs: 1 } as const;
    const reads = new Reads(database, { ...config, replicated: true }, sql);
    const source = new ProductSource(reads, database);
    const newShop = (): Promise<ProcessForTest<Product>> =>
      newCachingProcess(redis.url, (parts) => newProductCache(parts, source, maxReplicaLagMs));
    shops = [await newShop(), await newShop()];
    asked = await statements();
  });
  afterEach(() => {
    for (const shop of shops) shop.close();
  });

  const statements = async (): Promise<Record<string, number>> => {
    const { values } = await sql.sql.get();
    const counts = values.filter(({ metricName }) => metricName?.endsWith('_count') === true);
    return byLabel({ get: () => Promise.resolve({ values: counts }) }, 'statement');
  };
  /** Since the test began. */
  const queries = async (statement = 'product-by-sku'): Promise<number> =>
    ((await statements())[statement] ?? 0) - (asked[statement] ?? 0);
  const shop = (): ProcessForTest<Product> => shops[0] as ProcessForTest<Product>;
  const other = (): ProcessForTest<Product> => shops[1] as ProcessForTest<Product>;
  const switchOff = (name: keyof ProcessForTest<Product>['switches']): void => {
    for (const { switches } of shops) switches[name] = false;
  };
  const crowd = async (readers: number, sku: string): Promise<void> => {
    const half = Array.from({ length: readers / 2 }, () => sku);
    await Promise.all([...half.map((one) => shop().read(one)), ...half.map((one) => other().read(one))]);
  };
  const buildFilter = async (): Promise<void> => {
    let tries = 0;
    await waitUntil('the filter is built', deadlineMs, async () => {
      await shop().read(`NO-SUCH-SKU-${(tries += 1)}`);
      return (await direct.hexists('product@known', '@complete')) === 1 ? true : undefined;
    });
    asked = await statements();
  };

  describe('for a sku that does not exist', () => {
    it('asks once for 10,000 readers, and once again when that has expired', async () => {
      switchOff('filter');
      const all = (): Promise<unknown> =>
        Promise.all(Array.from({ length: 10_000 }, () => shop().read('NO-SUCH-SKU')));
      await all();
      expect(await queries()).toBe(1);
      shop().passes(2_000);
      await all();
      expect(await queries()).toBe(2);
    });

    it('asks once in each process at most for readers of both', async () => {
      switchOff('filter');
      await crowd(10_000, 'NO-SUCH-SKU');
      expect(await queries()).toBeLessThanOrEqual(shops.length);
    });

    it('asks for each of them when nothing protects it', async () => {
      for (const name of ['filter', 'nullMarker', 'singleFlight', 'versions', 'localCopies'] as const)
        switchOff(name);
      await crowd(200, 'NO-SUCH-SKU');
      expect(await queries()).toBe(200);
    });

    it('asks not at all for 10,000 different ones, and keeps nothing of them', async () => {
      await buildFilter();
      const keys = await direct.dbsize();
      await Promise.all(Array.from({ length: 10_000 }, (_, index) => other().read(`RANDOM-${index}`)));
      expect(await queries()).toBe(0);
      expect(await queries('product-all-skus')).toBe(0);
      expect(await direct.dbsize()).toBeLessThanOrEqual(keys);
      expect(await other().results()).toEqual({ unknown: 10_000 });
    });

    it('asks for each of the different ones without the filter', async () => {
      switchOff('filter');
      await Promise.all(Array.from({ length: 200 }, (_, index) => other().read(`RANDOM-${index}`)));
      expect(await queries()).toBe(200);
    });
  });

  describe('for a sku that is created', () => {
    const product = (sku: string): Product => ({ sku, name: 'New', priceMinor: 1, available: 1 });

    it('shows it at once in every process, cached as absent or unknown to the filter', async () => {
      await buildFilter();
      await crowd(100, 'CREATED-1');
      expect(await addProduct(products, shop().cache, product('CREATED-1'))).toBe('added');
      for (const one of shops) expect((await one.read('CREATED-1')).value).toEqual(product('CREATED-1'));
      switchOff('filter');
      await crowd(100, 'CREATED-2');
      expect(await addProduct(products, shop().cache, product('CREATED-2'))).toBe('added');
      for (const one of shops) expect((await one.read('CREATED-2')).value).toEqual(product('CREATED-2'));
      expect(await addProduct(products, shop().cache, product('CREATED-2'))).toBe('sku-taken');
    });

    it('does not have it denied by a filter that is built meanwhile', async () => {
      // Announced, then the filter is lost, and built before the commit.
      await shop().cache.announce(['CREATED-3']);
      await direct.del('product@known');
      await buildFilter();
      await products.add(product('CREATED-3'));
      await shop().cache.invalidate(['CREATED-3']);
      expect((await other().read('CREATED-3')).value).toEqual(product('CREATED-3'));
    });

    it('does not have it denied to who has seen it, though Redis was not told', async () => {
      await buildFilter();
      await products.add(product('CREATED-4'));
      const atLeast = await database.position();
      const found = await other().read('CREATED-4', { allowed: true, atLeast });
      expect(found.value).toEqual(product('CREATED-4'));
    });

    it('has it known though it came past the platform, when the filter has grown old', async () => {
      await buildFilter();
      await products.add(product('CREATED-5'));
      expect((await other().read('CREATED-5')).value).toBeUndefined();
      other().passes(60_001);
      expect((await other().read('CREATED-5')).value).toEqual(product('CREATED-5'));
    });
  });

  describe('for a hot sku', () => {
    const hot = 'MUG-BLU-1';

    it('asks once in each process at most for 5,000 readers when it is gone', async () => {
      await shop().read(hot);
      asked = await statements();
      await direct.del(`product:${hot}`);
      await crowd(5_000, hot);
      expect(await queries()).toBeLessThanOrEqual(shops.length);
    });

    it('asks once, and lets none of 5,000 readers wait, when it has expired', async () => {
      // With jitter a value is fresh for longer or shorter, and some could not be shown any more.
      for (const { switches } of shops) switches.jitter = false;
      await shop().read(hot);
      asked = await statements();
      for (const one of shops) one.passes(hotExpiryMs);
      await crowd(5_000, hot);
      await waitUntil('it is fetched anew', deadlineMs, async () =>
        (await queries()) >= 1 ? true : undefined,
      );
      await waitUntil('it is fresh', deadlineMs, async () =>
        (await shop().read(hot)).ageMs < hotExpiryMs ? true : undefined,
      );
      expect(await queries()).toBe(1);
      // The new value may have come while the last were served; who waits counts as something else.
      const { stale = 0, hit = 0, copy = 0, ...waited } = await other().results();
      expect(waited).toEqual({});
      expect(stale + hit + copy).toBe(2_500);
      expect(stale).toBeGreaterThan(0);
    });

    it('asks for each of the readers without single flight', async () => {
      await shop().read(hot);
      asked = await statements();
      for (const name of ['singleFlight', 'versions', 'staleWhileRevalidate', 'localCopies'] as const)
        switchOff(name);
      await direct.del(`product:${hot}`);
      await crowd(200, hot);
      expect(await queries()).toBeGreaterThan(100);
    });
  });
});
