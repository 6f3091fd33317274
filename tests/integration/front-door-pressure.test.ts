import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { FrontDoorForTest } from './front-door-for-test.js';

jest.setTimeout(60_000);

const atOnce = 4;
let door: FrontDoorForTest;

beforeAll(async () => {
  // 12 for the two copies; a sixth of it under pressure.
  door = await FrontDoorForTest.start(2, { enabled: true, ordersUnderWay: 6, readsUnderWay: 6 });
  // Long enough for all of them to be under way together.
  for (const { address } of door.servers()) door.tookMs.set(address, 1_000);
});
afterAll(() => door.close());

const refused = async (): Promise<number> => {
  const answers = await Promise.all(Array.from({ length: atOnce }, () => door.ask()));
  return answers.filter((answer) => answer === '503').length;
};

it('nginx lets a sixth through while a service is under pressure, from one request to the next and with the same workers', async () => {
  const workers = door.workers();
  expect(workers).toHaveLength(1);
  expect(await refused()).toBe(0);
  door.press(['order']);
  expect(await refused()).toBe(0);
  door.press(['inventory']);
  expect(await refused()).toBe(2);
  door.press([]);
  expect(await refused()).toBe(0);
  expect(door.workers()).toEqual(workers);
});
