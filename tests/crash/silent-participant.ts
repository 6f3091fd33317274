import { afterEach, describe, expect, it } from '@jest/globals';
import { finalOrder } from '../e2e/place-order.js';
import type { TestPlatform } from '../e2e/platform.js';
import { type Answer, Customer, orderSchema, type Product } from '../e2e/shop-client.js';

/** What POST /api/orders may take: the order's deadline of 2 s, and one more. */
const ANSWER_DEADLINE_MS = 3_000;
const INVENTORY = ['inventory-1', 'inventory-2'];
const COORDINATORS = ['coordinator-1', 'coordinator-2'];
const PROTOCOLS = ['saga', 'tcc', '2pc'];

/**
 * A participant that neither answers nor closes its connections: the third state. The shop says PENDING in
 * time, and finishes the order by itself when the participant is back.
 */
export function describeSilence(platform: () => TestPlatform, products: () => readonly Product[]): void {
  describe('inventory falls silent', () => {
    let silenced: number[] = [];

    const silence = async (): Promise<void> => {
      silenced = await Promise.all(INVENTORY.map((name) => platform().pidOf(name)));
      for (const pid of silenced) process.kill(pid, 'SIGSTOP');
    };
    const wake = (): void => {
      for (const pid of silenced) process.kill(pid, 'SIGCONT');
      silenced = [];
    };
    const kill = async (...names: string[]): Promise<void> => {
      const pids = await Promise.all(names.map((name) => platform().pidOf(name)));
      for (const pid of pids) process.kill(pid, 'SIGKILL');
    };
    afterEach(wake);

    it('and comes back', async () => {
      const customer = await Customer.open(platform().url);
      await silence();
      const answers = await expectPending(customer, products());
      wake();
      await expectFinal(customer, answers);
    });

    it('and comes back after both coordinators were killed', async () => {
      const customer = await Customer.open(platform().url);
      await silence();
      const answers = await expectPending(customer, products());
      await kill(...COORDINATORS);
      wake();
      await expectFinal(customer, answers);
    });

    it('and is killed together with both coordinators', async () => {
      const customer = await Customer.open(platform().url);
      await silence();
      const answers = await expectPending(customer, products());
      await kill(...COORDINATORS, ...INVENTORY);
      silenced = [];
      await expectFinal(customer, answers);
    });
  });

  const expectFinal = async (customer: Customer, answers: Answer[]): Promise<void> => {
    const orders = await Promise.all(answers.map((answer) => finalOrder(customer, answer)));
    const spent = orders.reduce(
      (sum, { status, totalMinor }) => sum + (status === 'CONFIRMED' ? (totalMinor ?? 0) : 0),
      0,
    );
    expect(await customer.balanceMinor()).toBe(100_000_000 - spent);
    expect((await platform().verify()).laws.filter((law) => !law.ok)).toEqual([]);
  };
}

async function expectPending(customer: Customer, products: readonly Product[]): Promise<Answer[]> {
  const items = products.map(({ sku }) => ({ sku, quantity: 1 }));
  const placed = Promise.all(PROTOCOLS.map((protocol) => customer.postOrder({ items, protocol })));
  const answers = await Promise.race([placed, deadline(ANSWER_DEADLINE_MS)]);
  expect(answers.map((answer) => [answer.status, answer.text])).toEqual(
    answers.map((answer) => [202, answer.text]),
  );
  for (const answer of answers) expect(orderSchema.parse(answer.body).status).toBe('PENDING');
  return answers;
}

function deadline(ms: number): Promise<never> {
  return new Promise((_resolve, reject) => {
    const fail = (): void => reject(new Error(`POST /api/orders did not answer within ${ms} ms`));
    setTimeout(fail, ms).unref();
  });
}
