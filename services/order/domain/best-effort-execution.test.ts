import { describe, expect, it } from '@jest/globals';
import { pino } from 'pino';
import type { BranchCalls, BranchOutcome } from './branch-calls.js';
import { BestEffortExecution } from './best-effort-execution.js';
import type { PricedOrder } from './order-execution.js';
import type { Orders } from './orders.js';

const order: PricedOrder = {
  id: '0199a7d8-0000-7000-8000-000000000001',
  accountId: '0199a7d8-0000-7000-8000-00000000000a',
  idempotencyKey: 'key',
  requestHash: 'hash',
  protocol: 'best-effort',
  items: [{ sku: 'TEA', quantity: 2, priceMinor: 300 }],
  status: 'PENDING',
  totalMinor: 600,
  createdAt: '2026-01-01T00:00:00.000Z',
};

/** Branches whose answers are said beforehand, and orders that remember what became of them. */
function newShop(answers: Readonly<Record<string, BranchOutcome>> = {}) {
  const said: string[] = [];
  const answer = (message: string): Promise<BranchOutcome> => {
    said.push(message);
    return Promise.resolve(answers[message] ?? { outcome: 'done' });
  };
  const calls: BranchCalls = {
    apply: (key, action) => answer(`apply ${key.branch} ${action.$case}`),
    cancel: (key, action, code) => answer(`cancel ${key.branch} ${action.$case} ${code}`),
  };
  const orders = {
    add: ({ id }: PricedOrder) => {
      said.push(`add ${id === order.id}`);
      return Promise.resolve('added' as const);
    },
    reject: (_id: string, code: string) => {
      said.push(`reject ${code}`);
      return Promise.resolve();
    },
  } as unknown as Orders;
  const execution = new BestEffortExecution(orders, calls, pino({ level: 'silent' }));
  return { said, place: () => execution.place(order, Date.now() + 1_000) };
}

describe('an order over several databases without a coordinator', () => {
  it('takes the stock, then the money, then confirms', async () => {
    const { said, place } = newShop();
    expect(await place()).toEqual({ outcome: 'committed' });
    expect(said).toEqual([
      'add true',
      'apply 0 reserveStock',
      'apply 1 debitAccount',
      'apply 2 confirmOrder',
    ]);
  });

  it('puts the stock back when the account refuses', async () => {
    const { said, place } = newShop({
      'apply 1 debitAccount': { outcome: 'refused', code: 'insufficient-funds' },
    });
    expect(await place()).toEqual({ outcome: 'rejected', code: 'insufficient-funds' });
    expect(said.slice(-2)).toEqual(['cancel 0 reserveStock insufficient-funds', 'reject insufficient-funds']);
  });

  it('undoes nothing when an answer is missing: the work may be done', async () => {
    const { said, place } = newShop({ 'apply 1 debitAccount': { outcome: 'unknown' } });
    expect(await place()).toEqual({ outcome: 'unknown' });
    expect(said.at(-1)).toBe('apply 1 debitAccount');
  });

  it('leaves an order PENDING that it could not undo, and says REJECTED of none that kept something', async () => {
    const { said, place } = newShop({
      'apply 1 debitAccount': { outcome: 'refused', code: 'insufficient-funds' },
      'cancel 0 reserveStock insufficient-funds': { outcome: 'unknown' },
    });
    expect(await place()).toEqual({ outcome: 'unknown' });
    expect(said.at(-1)).toBe('cancel 0 reserveStock insufficient-funds');
  });
});
