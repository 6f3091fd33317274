import { readFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { expectProblem } from './expect-problem.js';
import { finalOrder } from './place-order.js';
import { cliPath, tristate, usePlatform } from './platform.js';
import { type Answer, Customer, plentifulProducts, ShopClient } from './shop-client.js';
import { waitUntil } from './wait-until.js';

/**
 * Faults on the running shop: what is refused, what acts, and above all that everything reverts by itself. That a
 * fault is in force is seen by what an order under it becomes, not by what the registry says about it.
 */

const DEADLINE_MS = 20_000;
/** An order is answered after 2 s when its outcome is not known by then. */
const LATE = { action: 'delay', durationMs: 3_000 };
const POINT = 'coordinator.decision.before-log';
const FAULT = { point: POINT, ...LATE, ttlMs: 60_000 };

const listSchema = z.object({
  faults: z.array(z.object({ id: z.string(), acted: z.int(), leftMs: z.int() })),
  ended: z.array(z.object({ id: z.string(), acted: z.int(), ended: z.string() })),
});
const auditSchema = z.object({
  entries: z.array(z.object({ at: z.string(), who: z.string(), what: z.string() })),
});
const transactionSchema = z.object({
  events: z.array(
    z.object({ process: z.string(), atUs: z.int(), what: z.looseObject({ kind: z.string() }) }),
  ),
});

const BAD: [name: string, change: Record<string, unknown>, status: number, code: string][] = [
  ['an unknown failpoint', { point: 'coordinator.decision.after-lunch' }, 422, 'unknown-failpoint'],
  ['an empty failpoint', { point: '' }, 422, 'unknown-failpoint'],
  ['a failpoint that is no text', { point: 7 }, 400, 'validation-failed'],
  ['an unknown action', { action: 'explode', durationMs: undefined }, 422, 'unknown-action'],
  ['a shell command', { action: '; reboot', durationMs: undefined }, 422, 'unknown-action'],
  [
    'a message lost in a log',
    { action: 'drop-reply', durationMs: undefined },
    422,
    'action-not-possible-here',
  ],
  ['a process that does not exist', { process: 'coordinator-9' }, 422, 'unknown-target'],
  ['a process that never gets there', { process: 'inventory-1' }, 422, 'unknown-target'],
  ['no time to live', { ttlMs: undefined }, 400, 'validation-failed'],
  ['a time to live below a second', { ttlMs: 999 }, 400, 'validation-failed'],
  ['a time to live over ten minutes', { ttlMs: 600_001 }, 400, 'validation-failed'],
  ['a time to live that is text', { ttlMs: '5000' }, 400, 'validation-failed'],
  ['a percentage of 0', { percent: 0 }, 400, 'validation-failed'],
  ['a percentage of 101', { percent: 101 }, 400, 'validation-failed'],
  ['no times at all', { times: 0 }, 400, 'validation-failed'],
  ['half a time', { times: 1.5 }, 400, 'validation-failed'],
  ['the time before the first', { nth: 0 }, 400, 'validation-failed'],
  ['a delay of an hour', { durationMs: 3_600_000 }, 400, 'validation-failed'],
  ['a crash that takes a while', { action: 'crash' }, 400, 'validation-failed'],
  ['a correlation id with a line break', { correlationId: 'a\nb' }, 400, 'validation-failed'],
  ['a field that is none', { pid: 1 }, 400, 'validation-failed'],
];

describe('faults', () => {
  const platform = usePlatform(10);
  const admin = (): ShopClient => new ShopClient(platform().url, platform().adminToken);

  const list = async (): Promise<z.infer<typeof listSchema>> =>
    listSchema.parse((await admin().get('/control/faults')).body);
  const audit = async (): Promise<unknown[]> =>
    auditSchema.parse((await admin().get('/control/faults/audit')).body).entries;
  const add = async (body: object): Promise<string> => {
    const answer = await admin().call('POST', '/control/faults', { body });
    expect([answer.status, answer.text]).toEqual([201, expect.stringContaining('"unreached":[]')]);
    return z.object({ id: z.string() }).parse(answer.body).id;
  };
  /** 201 when nothing delays the decision, 202 when something does. */
  const order = async (correlationId?: string): Promise<{ answer: Answer; customer: Customer }> => {
    const customer = await Customer.open(platform().url);
    const [product] = await plentifulProducts(customer);
    const answer = await customer.call('POST', '/api/orders', {
      body: { items: [{ sku: product.sku, quantity: 1 }], protocol: '2pc' },
      headers: {
        'idempotency-key': customer.owner,
        ...(correlationId === undefined ? {} : { 'x-correlation-id': correlationId }),
      },
    });
    return { answer, customer };
  };
  const statusOfAnOrder = async (correlationId?: string): Promise<number> =>
    (await order(correlationId)).answer.status;

  afterEach(async () => {
    expect((await admin().call('DELETE', '/control/faults')).status).toBe(200);
  });

  it.each(BAD)('refuses %s, and changes nothing', async (_name, change, status, code) => {
    const before = [await list(), await audit()];
    const answer = await admin().call('POST', '/control/faults', { body: { ...FAULT, ...change } });
    expectProblem(answer, status, code);
    expect([await list(), await audit()]).toEqual(before);
  });

  it('refuses everybody who has not the admin token, and counts it', async () => {
    const before = [await list(), await audit()];
    const customer = await Customer.open(platform().url);
    const guest = new ShopClient(platform().url);
    const calls: [string, string, object?][] = [
      ['POST', '/control/faults', FAULT],
      ['DELETE', '/control/faults'],
      ['DELETE', '/control/faults/some-id'],
      ['GET', '/control/faults'],
      ['GET', '/control/faults/points'],
      ['GET', '/control/faults/audit'],
      ['POST', '/control/traces', { correlationId: 'a', ttlMs: 5_000 }],
      ['GET', '/control/transactions/00000000-0000-7000-8000-000000000000'],
      ['POST', '/control/transactions/00000000-0000-7000-8000-000000000000/repair'],
    ];
    for (const [method, path, body] of calls) {
      expectProblem(await guest.call(method, path, { body }), 401, 'unauthenticated');
      expectProblem(await customer.call(method, path, { body }), 403, 'forbidden');
    }
    expect([await list(), await audit()]).toEqual(before);
    const { processes } = await platform().status();
    const port = processes.find(({ name }) => name === 'registry')?.port;
    const metrics = await new ShopClient(`http://127.0.0.1:${port}`).get('/metrics');
    expect(metrics.text).toMatch(/http_problems_total\{[^}]*code="forbidden"[^}]*\} 9$/m);
    expect(metrics.text).toMatch(/http_problems_total\{[^}]*code="unknown-failpoint"[^}]*\} \d+$/m);
  });

  it('knows no fault and no transaction that does not exist', async () => {
    expectProblem(await admin().call('DELETE', '/control/faults/nope'), 404, 'unknown-fault');
    const gid = '00000000-0000-7000-8000-000000000000';
    expectProblem(await admin().get(`/control/transactions/${gid}`), 404, 'unknown-transaction');
    expectProblem(await admin().get('/control/transactions/nope'), 400, 'validation-failed');
    expectProblem(await admin().call('POST', '/control/transactions/nope/repair'), 400, 'validation-failed');
  });

  it('acts for one request alone, and reverts by itself when its time is up', async () => {
    const id = await add({ ...FAULT, ttlMs: 8_000, correlationId: 'only-me' });
    expect(await statusOfAnOrder('only-me')).toBe(202);
    expect(await statusOfAnOrder('somebody-else')).toBe(201);
    await waitUntil('the fault has ended', DEADLINE_MS, async () => {
      return (await list()).faults.length === 0 || undefined;
    });
    expect((await list()).ended[0]).toMatchObject({ id, ended: 'time-is-up', acted: 1 });
    expect(await statusOfAnOrder('only-me')).toBe(201);
    expect((await audit())[0]).toMatchObject({ who: 'registry', what: 'fault-ended' });
    const log = readFileSync(path.join(platform().stateFolder, 'logs', 'registry.log'), 'utf8');
    expect(log).toMatch(new RegExp(`"audit":true.*"fault-ended".*${id}`));
  });

  it('reverts when the registry is killed', async () => {
    await add(FAULT);
    expect(await statusOfAnOrder()).toBe(202);
    process.kill(await platform().pidOf('registry'), 'SIGKILL');
    await waitUntil('orders are in time again', DEADLINE_MS, async () => {
      return (await statusOfAnOrder()) === 201 || undefined;
    });
    const answered = await waitUntil('the registry is back', DEADLINE_MS, async () => {
      const answer = await admin().get('/control/faults');
      return answer.status === 200 ? answer : undefined;
    });
    expect(answered.body).toEqual({ faults: [], ended: [] });
    await add({ ...FAULT, ttlMs: 10_000 });
    expect(await statusOfAnOrder()).toBe(202);
  });

  it('kills a process once, and tells what happened to the order', async () => {
    const before = (await platform().status()).processes;
    const trace = { correlationId: 'watched', ttlMs: 60_000 };
    expect((await admin().call('POST', '/control/traces', { body: trace })).status).toBe(201);
    const id = await add({ point: 'coordinator.decision.after-log', action: 'crash', ...trace });
    const { answer, customer } = await order('watched');
    const final = await finalOrder(customer, answer);
    expect(final.status).toBe('CONFIRMED');
    expect((await list()).ended[0]).toMatchObject({ id, ended: 'acted-often-enough', acted: 1 });
    // The order is CONFIRMED by its own branch; the transaction ends when the last branch has answered.
    const events = await waitUntil(
      'the process is back and the transaction has ended',
      DEADLINE_MS,
      async () => {
        const found = await admin().get(`/control/transactions/${final.id}`);
        const seen = transactionSchema.parse(found.body).events;
        const kinds = new Set(seen.map(({ what }) => what.kind));
        return kinds.has('restarted') && kinds.has('ended') ? seen : undefined;
      },
    );
    const victim = events.find(({ what }) => what.kind === 'fault')?.process ?? '';
    expect(await platform().pidOf(victim)).not.toBe(before.find(({ name }) => name === victim)?.pid);
    const kinds = events.filter(({ process }) => process === victim).map(({ what }) => what.kind);
    const inOrder = ['received', 'logged', 'fault', 'crashed', 'restarted'].map((kind) =>
      kinds.indexOf(kind),
    );
    expect(inOrder).not.toContain(-1);
    expect([...inOrder].sort((one, other) => one - other)).toEqual(inOrder);
    expect(events.map(({ what }) => what.kind).lastIndexOf('ended')).toBeGreaterThan(
      events.findIndex(({ what }) => what.kind === 'crashed'),
    );
    expect([...events].sort((one, other) => one.atUs - other.atUs)).toEqual(events);
  });

  it('are added, listed and cleared on the command line, which says what a mistyped name may have meant', async () => {
    const state = ['--state', platform().stateFolder];
    const points = await tristate(['fault', 'points', 'coordinator.decision', '--json'], cliPath);
    expect(JSON.parse(points.stdout)).toEqual({
      points: ['before-log', 'after-log'].map((moment) => ({
        point: `coordinator.decision.${moment}`,
        actions: ['crash', 'pause', 'delay', 'error'],
      })),
    });
    const added = await tristate(['fault', 'add', POINT, 'delay', '--ttl', '30', '--nth', '3', ...state]);
    expect([added.exitCode, added.stdout]).toEqual([0, expect.stringContaining(`${POINT}  delay`)]);
    const listed = await tristate(['fault', 'list', '--json', ...state]);
    const [fault] = listSchema.parse(JSON.parse(listed.stdout)).faults;
    const cleared = await tristate(['fault', 'clear', fault?.id ?? '', ...state]);
    expect([cleared.exitCode, (await list()).faults]).toEqual([0, []]);
    const mistyped = await tristate([
      'fault',
      'add',
      'coordinator.decison.before-log',
      'crash',
      '--ttl',
      '5',
      ...state,
    ]);
    expect([mistyped.exitCode, mistyped.stderr]).toEqual([
      1,
      expect.stringContaining(`Did you mean ${POINT}?`),
    ]);
    const endless = await tristate(['fault', 'add', POINT, 'crash', ...state]);
    expect([endless.exitCode, endless.stderr]).toEqual([2, expect.stringContaining('--ttl')]);
    expect((await list()).faults).toEqual([]);
    const lag = await tristate(['fault', 'add', 'replica-lag', '--ms', '3000', ...state]);
    expect([lag.exitCode, lag.stdout]).toEqual([0, expect.stringContaining('3000 ms')]);
    expect((await tristate(['fault', 'clear', ...state])).exitCode).toBe(0);
  });
});
