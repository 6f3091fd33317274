// What `helm test` asks of a shop that has just been installed. The test of the containers asks the same of docker-compose.yml.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';

const url = process.env.SHOP_URL;
const adminToken = readFileSync(process.env.ADMIN_TOKEN_FILE, 'utf8').trim();
const openDeadlineMs = 120_000;
const outcomeDeadlineMs = 30_000;

async function call(method, path, { token, body, key } = {}) {
  const response = await fetch(`${url}${path}`, {
    method,
    headers: {
      ...(token && { authorization: `Bearer ${token}` }),
      ...(key && { 'idempotency-key': key }),
      ...(body && { 'content-type': 'application/json' }),
    },
    ...(body && { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(70_000),
  });
  const text = await response.text();
  return { status: response.status, body: text === '' ? undefined : JSON.parse(text) };
}

/** Calls again while a part of the shop is starting or being replaced. */
async function callUntilOpen(method, path, options) {
  const deadline = Date.now() + openDeadlineMs;
  for (;;) {
    const answer = await call(method, path, options).catch((error) => ({ status: 0, body: String(error) }));
    if (![0, 429, 502, 503, 504].includes(answer.status) || Date.now() > deadline) return answer;
    await delay(500);
  }
}

describe('the shop', () => {
  const owner = `helm-test-${randomUUID().slice(0, 8)}`;
  const password = randomUUID();
  let token;
  let sku;

  before(async () => {
    const opened = await callUntilOpen('POST', '/api/accounts', {
      body: { owner, password, openingBalanceMinor: 10_000_000 },
    });
    // It may have been opened by a call whose answer was lost; the token shows whose it is.
    assert.ok([201, 409].includes(opened.status), JSON.stringify(opened.body));
    const given = await callUntilOpen('POST', '/api/tokens', { body: { owner, password } });
    assert.equal(given.status, 201, JSON.stringify(given.body));
    token = given.body.token;
    const page = await callUntilOpen('GET', '/api/products?pageSize=50');
    sku = page.body.items.find(({ available }) => available >= 10).sku;
  });

  it('has a front door that answers', async () => {
    assert.equal((await callUntilOpen('GET', '/healthz')).status, 200);
  });

  for (const protocol of ['saga', 'tcc', '2pc', '3pc', 'none']) {
    it(`confirms an order by ${protocol}`, async () => {
      const answer = await callUntilOpen('POST', '/api/orders', {
        token,
        key: randomUUID(),
        body: { items: [{ sku, quantity: 1 }], protocol },
      });
      assert.ok([201, 202].includes(answer.status), JSON.stringify(answer));
      const deadline = Date.now() + outcomeDeadlineMs;
      let { body: order } = answer;
      while (order.status === 'PENDING' && Date.now() < deadline) {
        await delay(200);
        ({ body: order } = await callUntilOpen('GET', `/api/orders/${order.id}`, { token }));
      }
      assert.equal(order.status, 'CONFIRMED');
    });
  }

  it('knows no product that is not there', async () => {
    const answer = await callUntilOpen('GET', '/api/products/no-such-sku');
    assert.equal(answer.status, 404);
    assert.equal(answer.body.code, 'not-found');
  });

  it('has lost no money and no goods', async () => {
    const answer = await callUntilOpen('GET', '/control/invariants', { token: adminToken });
    assert.equal(answer.status, 200, JSON.stringify(answer.body));
    assert.equal(answer.body.ok, true, JSON.stringify(answer.body));
  });
});
