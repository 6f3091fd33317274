import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { FrontDoorForTest } from './front-door-for-test.js';

jest.setTimeout(60_000);

let door: FrontDoorForTest;

beforeAll(async () => {
  // 12 for the two copies; a sixth of it under pressure.
  door = await FrontDoorForTest.start(2, { enabled: true, ordersUnderWay: 6, readsUnderWay: 6 });
});
afterAll(() => door.close());

/** How many of those that are under way together are refused. */
async function refusedOf(count: number): Promise<number> {
  const askedBefore = door.asked;
  const release = door.hold();
  let refused = 0;
  const ask = async (): Promise<void> => {
    if ((await door.ask()) === '503') refused += 1;
  };
  const all = Array.from({ length: count }, ask);
  await door.until(() => door.asked - askedBefore + refused >= count);
  release();
  await Promise.all(all);
  return refused;
}

it('nginx lets a sixth through while a service is under pressure, from one request to the next and with the same workers', async () => {
  const workers = door.workers();
  expect(workers).toHaveLength(1);
  expect(await refusedOf(4)).toBe(0);
  door.press(['order']);
  expect(await refusedOf(4)).toBe(0);
  door.press(['inventory']);
  expect(await refusedOf(4)).toBe(2);
  door.press([]);
  expect(await refusedOf(4)).toBe(0);
  expect(door.workers()).toEqual(workers);
});

it('what was under way before the pressure counts, too: only when it has ended the next is let through', async () => {
  const askedBefore = door.asked;
  const release = door.hold();
  const before = [door.ask(), door.ask(), door.ask()];
  await door.until(() => door.asked - askedBefore === before.length);
  door.press(['inventory']);
  expect(await door.ask()).toBe('503');
  release();
  expect(await Promise.all(before)).not.toContain('503');
  expect(await door.ask()).not.toBe('503');
});
