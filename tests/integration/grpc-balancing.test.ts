import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { clientStrategies, type ClientStrategy } from '#protocols/balancing/strategy.js';
import { BalancedServicesForTest } from './balanced-services-for-test.js';

jest.setTimeout(60_000);

/** Real gRPC between this process and three servers in it: which one is asked, and what happens when it does not answer. */
describe('calls to a service of three copies', () => {
  let shop: BalancedServicesForTest;
  beforeEach(async () => {
    shop = await BalancedServicesForTest.start(3);
  });
  afterEach(() => shop.close());

  const spread = async (
    strategy: ClientStrategy,
    calls = 60,
    key?: (call: number) => string,
  ): Promise<number[]> => {
    await shop.use({ strategy });
    const before = shop.servers.map(({ asked }) => asked);
    const settings = (call: number) => (key === undefined ? {} : { key: key(call) });
    for (let call = 0; call < calls; call += 1) expect(await shop.call(settings(call))).toBe('success');
    return shop.servers.map(({ asked }, index) => asked - (before[index] ?? 0));
  };

  it('go by each strategy that grpc-js was told of', async () => {
    expect(await spread('round-robin')).toEqual([20, 20, 20]);
    await shop.use({ weights: [100, 200, 300] });
    expect(await spread('weighted')).toEqual([10, 20, 30]);
    await shop.use({ weights: [100, 100, 100] });
    // One call at a time: nobody is busier than another.
    expect(await spread('least-conn')).toEqual([20, 20, 20]);
    expect(await spread('least-request')).toEqual([20, 20, 20]);
    expect((await spread('ip-hash')).filter((count) => count > 0)).toEqual([60]);
    expect((await spread('consistent-hash', 60, () => 'one sku')).filter((count) => count > 0)).toEqual([60]);
    expect(Math.min(...(await spread('consistent-hash', 60, (call) => `sku ${call}`)))).toBeGreaterThan(5);
    for (const strategy of ['random-two', 'ewma'] as const) {
      expect((await spread(strategy)).filter((count) => count > 0).length).toBeGreaterThan(1);
    }
  });

  it('are lost by no change of the strategy, of weights or of copies', async () => {
    let isDone = false;
    const outcomes = new Map<string, number>();
    const callers = Array.from({ length: 8 }, async () => {
      while (!isDone) {
        const outcome = await shop.call();
        outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
      }
    });
    for (const strategy of clientStrategies) {
      for (const weights of [
        [100, 100, 100],
        [100, 25],
        [100, 50, 1_000],
      ]) {
        await shop.use({ strategy, weights });
        const { asked } = shop;
        await shop.until(() => shop.asked > asked + 50);
      }
    }
    isDone = true;
    await Promise.all(callers);
    expect([...outcomes.keys()]).toEqual(['success']);
  });

  it('go on with the last copies that were known when the view has none', async () => {
    await shop.call();
    await shop.use({ weights: [] });
    expect(await shop.call()).toBe('success');
  });

  it('are made once more on another copy when they change nothing, and not otherwise', async () => {
    await shop.earn(100);
    shop.servers[0]?.behave('silent');
    const asked = shop.servers[0]?.asked ?? 0;
    const outcomes = [];
    while ((shop.servers[0]?.asked ?? 0) < asked + 2) {
      outcomes.push(await shop.call({ idempotent: true, firstTryShare: 0.2 }, 1_000));
    }
    expect(new Set(outcomes)).toEqual(new Set(['success']));
    while ((shop.servers[0]?.asked ?? 0) < asked + 3) outcomes.push(await shop.call({}, 200));
    expect(outcomes.at(-1)).toBe('timeout');
  });

  it('are made again for at most a tenth in a total outage, and stop altogether for a while', async () => {
    await shop.earn(300);
    for (const server of shop.servers) server.behave('unavailable');
    const before = shop.asked;
    const calls = 1_000;
    for (let call = 0; call < calls; call += 1) expect(await shop.call({ idempotent: true })).toBe('timeout');
    const retries = await shop.retries();
    expect(retries).toBeGreaterThan(0);
    expect(retries).toBeLessThanOrEqual(calls * 0.1);
    // Five failures open a copy's circuit, and one call tries it now and then.
    expect(shop.asked - before).toBeLessThan(calls / 2);
    for (const server of shop.servers) server.behave('well');
    await shop.until(async () => (await shop.call()) === 'success');
  });

  it('leave a copy alone that does not answer, and come back to it when it does', async () => {
    shop.servers[1]?.behave('unavailable');
    await shop.until(async () => (await shop.call()) !== 'success');
    for (let call = 0; call < 30; call += 1) await shop.call();
    const asked = shop.servers[1]?.asked ?? 0;
    for (let call = 0; call < 30; call += 1) expect(await shop.call()).toBe('success');
    expect(shop.servers[1]?.asked).toBeLessThanOrEqual(asked + 1);
    shop.servers[1]?.behave('well');
    await shop.until(async () => {
      await shop.call();
      return (shop.servers[1]?.asked ?? 0) > asked + 5;
    });
  });

  it('take a refusal for an answer: it is not asked again, and opens no circuit', async () => {
    await shop.earn(100);
    for (const server of shop.servers) server.behave('overloaded');
    const before = shop.asked;
    for (let call = 0; call < 50; call += 1) expect(await shop.call({ idempotent: true })).toBe('failure');
    expect(shop.asked - before).toBe(50);
  });

  it('pass on how long their own caller waits', async () => {
    const leftMs = await shop.leftOfOnwardCall({ callersMs: 500, ownMs: 60_000 });
    expect(leftMs).toBeGreaterThan(0);
    expect(leftMs).toBeLessThanOrEqual(500);
  });
});
