import { randomUUID } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { validate, version } from 'uuid';
import { bucketOf, newOrderId, shardOfAccount, shardOfOrder } from './order-shards.js';

/** The n-th of a series of account ids that is the same in every run. */
const account = (index: number): string => `0199a7d8-0000-7000-8000-${index.toString(16).padStart(12, '0')}`;

describe('the shard of an order', () => {
  it.each([1, 2, 3, 8])('is that of its account, by either id, of %i', (shards) => {
    for (let index = 0; index < 200; index += 1) {
      const accountId = randomUUID();
      expect(shardOfOrder(newOrderId(accountId), shards)).toBe(shardOfAccount(accountId, shards));
    }
  });

  it('never changes for an account', () => {
    expect([1, 2, 3].map((index) => bucketOf(account(index)))).toEqual([0x73, 0x92, 0x19]);
  });

  it.each([2, 3, 8])('gives each of %i about as many accounts', (shards) => {
    const accounts = 8_000;
    const counts = new Array<number>(shards).fill(0);
    for (let index = 0; index < accounts; index += 1) {
      const shard = shardOfAccount(account(index), shards);
      counts[shard] = (counts[shard] ?? 0) + 1;
    }
    const fair = accounts / shards;
    for (const count of counts) expect(Math.abs(count - fair) / fair).toBeLessThan(0.1);
  });

  it('is in an id that is still a UUIDv7, in the order of time and never twice the same', () => {
    const ids = Array.from({ length: 1_000 }, () => newOrderId(account(1)));
    expect(ids.filter((id) => !validate(id) || version(id) !== 7)).toEqual([]);
    expect([...ids].sort()).toEqual(ids);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('is found in an id that is written in capitals', () => {
    const id = newOrderId(account(2));
    expect(shardOfOrder(id.toUpperCase(), 8)).toBe(shardOfOrder(id, 8));
  });
});
