import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { Tokens } from '#platform/auth/tokens.js';
import { frontDoorStrategies } from '#protocols/balancing/strategy.js';
import { FrontDoorForTest } from './front-door-for-test.js';

jest.setTimeout(60_000);

const key = 'k'.repeat(32);
const accounts = Array.from({ length: 60 }, (_, index) => `01890a5d-ac96-774b-bcce-b302099a${8000 + index}`);

/** What real nginx does with the configuration of each strategy, with real client addresses and tokens. */
describe('nginx', () => {
  let door: FrontDoorForTest;
  beforeAll(async () => {
    door = await FrontDoorForTest.start(3);
  });
  afterAll(() => door.close());

  const tokens = new Tokens(key);
  const bearerOf = (accountId: string): string => `Bearer ${tokens.issue({ accountId, owner: accountId })}`;
  const homes = async (ask: (index: number) => Promise<string>): Promise<string[]> => {
    const found: string[] = [];
    for (let index = 0; index < accounts.length; index += 1) found.push(await ask(index));
    return found;
  };
  const homesOfAccounts = (): Promise<string[]> =>
    homes((index) => door.ask({ authorization: bearerOf(accounts[index] ?? '') }));
  const homesOfAddresses = (): Promise<string[]> =>
    homes((index) => door.ask({ from: `127.0.0.${index + 2}` }));

  it('gives each copy its turn, or as many as its weight says', async () => {
    await door.use('round-robin');
    expect(await door.spread(60)).toEqual([20, 20, 20]);
    await door.use('weighted', door.servers({ 0: { weight: 50 }, 2: { weight: 150 } }));
    expect(await door.spread(60)).toEqual([10, 20, 30]);
  });

  it('gives a slow copy less by least-conn and random-two than in turn', async () => {
    const slow = door.servers()[0]?.address ?? '';
    door.tookMs.set(slow, 100);
    for (const strategy of ['least-conn', 'random-two'] as const) {
      await door.use(strategy);
      const [first = 0] = await door.spread(240, undefined, 12);
      expect(first).toBeLessThan(60);
    }
    door.tookMs.clear();
  });

  it('knows a client by its whole address, and an account in every token of it', async () => {
    await door.use('ip-hash');
    const byAddress = await homesOfAddresses();
    expect(await homesOfAddresses()).toEqual(byAddress);
    expect(new Set(byAddress).size).toBe(3);
    await door.use('consistent-hash');
    const byAccount = await homesOfAccounts();
    expect(await homesOfAccounts()).toEqual(byAccount);
    expect(new Set(byAccount).size).toBe(3);
  });

  it('moves nobody but the clients of a copy that is given nothing', async () => {
    for (const [strategy, homesNow] of [
      ['ip-hash', homesOfAddresses],
      ['consistent-hash', homesOfAccounts],
    ] as const) {
      await door.use(strategy);
      const before = await homesNow();
      await door.use('round-robin');
      await door.use(strategy, door.servers({ 1: { down: true } }));
      const gone = door.servers()[1]?.address;
      const after = await homesNow();
      expect(after).not.toContain(gone);
      expect(after.filter((home, index) => home !== before[index])).toHaveLength(
        before.filter((home) => home === gone).length,
      );
    }
  });

  it.each(frontDoorStrategies)(
    'asks copies that all fail hardly more often than it is asked: %s',
    async (strategy) => {
      await door.use(strategy);
      door.areBroken = true;
      const askedBefore = door.asked;
      const outcomes = new Set<string>();
      for (let request = 0; request < 100; request += 1) outcomes.add(await door.ask());
      door.areBroken = false;
      expect([...outcomes]).toEqual(['502']);
      expect(door.asked - askedBefore).toBeGreaterThan(0);
      expect(door.asked - askedBefore).toBeLessThanOrEqual(110);
      // It finds out by itself that they answer again.
      await door.until(async () => (await door.ask()).startsWith('127.0.0.1:'));
    },
  );

  it('loses no request while strategies and weights are switched', async () => {
    let isDone = false;
    const unknown: string[] = [];
    let answered = 0;
    const clients = Array.from({ length: 8 }, async () => {
      while (!isDone) {
        const who = await door.ask().catch((error: unknown) => String(error));
        if (who.startsWith('127.0.0.1:')) answered += 1;
        else unknown.push(who);
      }
    });
    for (const strategy of frontDoorStrategies) {
      await door.use(strategy, door.servers({ 1: { weight: 25 } }));
      const before = answered;
      await door.until(() => answered > before + 20);
    }
    isDone = true;
    await Promise.all(clients);
    expect(unknown).toEqual([]);
  });
});
