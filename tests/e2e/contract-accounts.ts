import { randomUUID } from 'node:crypto';
import { expect, it } from '@jest/globals';
import type { Shop } from './contract.js';
import { expectProblem } from './expect-problem.js';
import { accountSchema, Customer, ShopClient } from './shop-client.js';

export function describeAccounts(shop: () => Shop): void {
  const guest = (): ShopClient => new ShopClient(shop().url);

  it('opens an account with its opening balance', async () => {
    const body = { owner: `user-${randomUUID()}`, password: randomUUID(), openingBalanceMinor: 12_345 };
    const answer = await guest().call('POST', '/api/accounts', { body });
    expect(answer.status).toBe(201);
    expect(accountSchema.parse(answer.body)).toMatchObject({ owner: body.owner, balanceMinor: 12_345 });
    expect(answer.text).not.toContain(body.password);
  });

  it('opens one account for an owner', async () => {
    const { owner } = await Customer.open(shop().url);
    const body = { owner, password: 'another password', openingBalanceMinor: 1 };
    expectProblem(await guest().call('POST', '/api/accounts', { body }), 409, 'owner-taken');
  });

  it('opens one account for an owner who asks many times at once', async () => {
    const body = { owner: `user-${randomUUID()}`, password: randomUUID(), openingBalanceMinor: 5 };
    const answers = await Promise.all(
      Array.from({ length: 5 }, () => guest().call('POST', '/api/accounts', { body })),
    );
    expect(answers.map((answer) => answer.status).sort()).toEqual([201, 409, 409, 409, 409]);
  });

  it('gives no token for a wrong password or an unknown owner, and does not tell which it was', async () => {
    const { owner } = await Customer.open(shop().url);
    const logIn = (body: object) => guest().call('POST', '/api/tokens', { body });
    const wrong = expectProblem(
      await logIn({ owner, password: 'not the password' }),
      401,
      'wrong-credentials',
    );
    const unknown = await logIn({ owner: `nobody-${randomUUID()}`, password: 'not the password' });
    expect(expectProblem(unknown, 401, 'wrong-credentials')).toEqual(wrong);
  });

  it('shows an account to its owner alone', async () => {
    const owner = await Customer.open(shop().url, 777);
    const other = await Customer.open(shop().url);
    const path = `/api/accounts/${owner.accountId}`;
    const own = await owner.get(path);
    expect(own.status).toBe(200);
    expect(accountSchema.parse(own.body)).toEqual({
      id: owner.accountId,
      owner: owner.owner,
      balanceMinor: 777,
    });
    expectProblem(await other.get(path), 403, 'forbidden');
    expectProblem(await guest().get(path), 401, 'unauthenticated');
    expectProblem(await owner.get(`/api/accounts/${randomUUID()}`), 404, 'unknown-account');
  });
}
