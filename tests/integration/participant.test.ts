import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { BranchAction } from '#platform/participant/branch-handler.js';
import type { Participant } from '#platform/participant/participant.js';
import { requirePreparedTransactions } from '#platform/participant/prepared-transactions.js';
import type { Database } from '#platform/postgres/database.js';
import type { Phase } from '#protocols/commit/messages.js';
import { confirmOrder } from '#services/order/storage/confirm-order.js';
import { balanceOf, debit, newAccount, newBranch, newProduct, reserve, stockOf } from './branch-fixtures.js';
import { ask, newBareParticipantForTest, newParticipantForTest } from './participant-for-test.js';
import { newPostgresForTest, type PostgresForTest } from './postgres-for-test.js';

/** A real server takes its time on a busy machine. */
jest.setTimeout(60_000);
const actions = ['debitAccount', 'reserveStock', 'confirmOrder'] as const;

describe('a participant', () => {
  let postgres: PostgresForTest;
  let database: Database;
  let participant: Participant;

  beforeAll(async () => {
    postgres = await newPostgresForTest();
    database = await postgres.open('shop', ['account', 'inventory', 'orders']);
    participant = newParticipantForTest(database);
  });
  afterAll(() => postgres.remove());

  const tell = (phase: Phase, action: BranchAction, gid: string = randomUUID()): Promise<string> =>
    ask(participant, { gid, action, phase });

  it('finds out that a branch is prepared when it is asked again as if for the first time', async () => {
    const branch = await newBranch.debitAccount(database, false);
    expect(await ask(participant, { ...branch, phase: 'prepare' })).toBe('done');
    // A caller that has lost its memory starts from attempt 1; the fence is locked, and it must not be believed gone.
    expect(await ask(participant, { ...branch, phase: 'prepare' })).toBe('done');
    expect(await ask(participant, { ...branch, phase: 'prepare', attempt: 2 })).toBe('done');
    expect(await ask(participant, { ...branch, phase: 'commit' })).toBe('done');
    expect(await branch.effects()).toBe(1);
  });

  it('does not take a transaction that failed for a yes', async () => {
    const broken = newBareParticipantForTest(database);
    broken.register('confirmOrder', {
      ...confirmOrder,
      // Its statement fails and nobody notices: PREPARE TRANSACTION then rolls back without an error.
      apply: async (sql) => {
        await sql.run({ name: 'test-fails', text: 'SELECT 1 / 0' }, []).catch(() => undefined);
        return { result: 'applied', fresh: true };
      },
    });
    const { gid, action } = await newBranch.confirmOrder(database, false);
    expect(await ask(broken, { gid, action, phase: 'prepare' })).toBe('silent');
    expect(await ask(broken, { gid, action, phase: 'commit' })).toBe('unknown-transaction');
  });

  it('answers one of two equal messages that come at once', async () => {
    const branch = await newBranch.debitAccount(database, false);
    const answers = await Promise.all([1, 2].map(() => ask(participant, { ...branch, phase: 'apply' })));
    expect(answers.sort()).toEqual(['done', 'silent']);
    expect(await branch.effects()).toBe(1);
  });

  it.each(actions)('applies %s once when two copies of it are asked at once', async (name) => {
    const branch = await newBranch[name](database, false);
    const copies = [participant, newParticipantForTest(database)];
    const answers = await Promise.all(copies.map((copy) => ask(copy, { ...branch, phase: 'apply' })));
    expect(answers).toEqual(['done', 'done']);
    expect(await branch.effects()).toBe(1);
  });

  it.each(actions)('undoes or prevents %s when it is cancelled while it runs', async (name) => {
    const branch = await newBranch[name](database, false);
    await Promise.all([
      ask(participant, { ...branch, phase: 'apply' }),
      ask(newParticipantForTest(database), { ...branch, phase: 'cancel' }),
    ]);
    // A confirmed order is final: it is its saga's last branch, so that nothing after it can fail.
    const left = await branch.effects();
    const cancelled = name === 'confirmOrder' && left === 1 ? 'contradiction' : 'done';
    expect(await ask(participant, { ...branch, phase: 'cancel' })).toBe(cancelled);
    if (name === 'confirmOrder') return;
    expect(await branch.effects()).toBe(0);
    expect(await ask(participant, { ...branch, phase: 'apply' })).toBe('cancelled');
  });

  it('turns a message away that names no transaction', async () => {
    const { action } = await newBranch.debitAccount(database, false);
    expect(await tell('apply', action, 'not-a-uuid')).toBe('invalid-message');
    expect(await tell('prepare', action, "'; DROP TABLE account.accounts; --")).toBe('invalid-message');
  });

  it('refuses an unknown account', async () => {
    expect(await tell('apply', debit(randomUUID(), 1))).toBe('unknown-account');
  });

  it('takes all items of an order or none', async () => {
    const [one, other] = [await newProduct(database, 5), await newProduct(database, 1)];
    const items = [one, other].map((sku) => ({ sku, quantity: 2, priceMinor: 100 }));
    expect(await tell('apply', reserve(...items))).toBe('out-of-stock');
    const missing = { sku: `TEST-${randomUUID()}`, quantity: 1, priceMinor: 100 };
    expect(await tell('apply', reserve({ sku: one, quantity: 2, priceMinor: 100 }, missing))).toBe(
      'unknown-sku',
    );
    expect(await tell('apply', reserve({ sku: one, quantity: 2, priceMinor: 99 }))).toBe('price-changed');
    expect(await stockOf(database, one)).toEqual({ available: 5, sold: 0 });
    expect(await stockOf(database, other)).toEqual({ available: 1, sold: 0 });
  });

  it('debits one account 64 times at once to the last cent and not further', async () => {
    const account = await newAccount(database, 40 * 25);
    const answers = await Promise.all(Array.from({ length: 64 }, () => tell('apply', debit(account, 25))));
    expect(answers.filter((answer) => answer === 'done')).toHaveLength(40);
    expect(answers.filter((answer) => answer === 'insufficient-funds')).toHaveLength(24);
    expect(await balanceOf(database, account)).toBe(0);
  });

  it('reserves the same products 64 times at once, in opposite orders, without a deadlock', async () => {
    const skus = await Promise.all([
      newProduct(database, 40),
      newProduct(database, 64),
      newProduct(database, 64),
    ]);
    const items = skus.map((sku) => ({ sku, quantity: 1, priceMinor: 100 }));
    const answers = await Promise.all(
      Array.from({ length: 64 }, (_, i) =>
        tell('apply', reserve(...(i % 2 === 0 ? items : items.toReversed()))),
      ),
    );
    expect(answers.filter((answer) => answer === 'done')).toHaveLength(40);
    expect(answers.filter((answer) => answer === 'out-of-stock')).toHaveLength(24);
    const [first, ...others] = await Promise.all(skus.map((sku) => stockOf(database, sku)));
    expect(first).toEqual({ available: 0, sold: 40 });
    expect(others).toEqual([1, 2].map(() => ({ available: 24, sold: 40 })));
  });

  it('reserves and releases the same products 64 times at once and has them all back', async () => {
    const skus = await Promise.all([newProduct(database, 64), newProduct(database, 64)]);
    const items = skus.map((sku) => ({ sku, quantity: 1, priceMinor: 100 }));
    const answers = await Promise.all(
      Array.from({ length: 64 }, async (_, i) => {
        const action = reserve(...(i % 2 === 0 ? items : items.toReversed()));
        const gid = randomUUID();
        return [await tell('apply', action, gid), await tell('cancel', action, gid)];
      }),
    );
    expect(answers.flat().filter((answer) => answer !== 'done')).toEqual([]);
    expect(await stockOf(database, skus[0] ?? '')).toEqual({ available: 64, sold: 0 });
    expect(await stockOf(database, skus[1] ?? '')).toEqual({ available: 64, sold: 0 });
  });

  it('commits 64 debits of one account that are prepared at once, each as soon as it is', async () => {
    const account = await newAccount(database, 40 * 25);
    const answers = await Promise.all(
      Array.from({ length: 64 }, async () => {
        const [gid, action] = [randomUUID(), debit(account, 25)];
        const vote = await tell('prepare', action, gid);
        return vote === 'done' ? tell('commit', action, gid) : vote;
      }),
    );
    expect(answers.filter((answer) => answer === 'done')).toHaveLength(40);
    expect(answers.filter((answer) => answer === 'insufficient-funds')).toHaveLength(24);
    expect(await balanceOf(database, account)).toBe(0);
  });
});

describe('a participant on a server without prepared transactions', () => {
  let postgres: PostgresForTest;
  let database: Database;

  beforeAll(async () => {
    postgres = await newPostgresForTest(0);
    database = await postgres.open('shop', ['account', 'inventory', 'orders']);
  });
  afterAll(() => postgres.remove());

  it.each(['prepare', 'can-commit'] as const)(
    'votes no when it is told to %s, and says why',
    async (phase) => {
      const branch = await newBranch.debitAccount(database, false);
      const participant = newParticipantForTest(database);
      expect(await ask(participant, { ...branch, phase })).toBe('prepared-transactions-off');
      expect(await ask(participant, { ...branch, phase: 'abort' })).toBe('done');
      expect(await branch.effects()).toBe(0);
    },
  );

  it.each(['2pc', '3pc'] as const)(
    'does not start where orders are %s, and says what to change',
    async (name) => {
      await expect(requirePreparedTransactions(database, name)).rejects.toThrow(/max_prepared_transactions/);
    },
  );

  it('starts where orders need none', async () => {
    await expect(requirePreparedTransactions(database, 'saga')).resolves.toBeUndefined();
  });
});
