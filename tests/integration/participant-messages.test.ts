import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import {
  BranchReply_Result as Result,
  Phase as WirePhase,
  type BranchRequest,
} from '#generated/tristate/participant/v1/participant.js';
import { InjectedFault, type Failpoints } from '#platform/faults/failpoints.js';
import type { Metrics } from '#platform/metrics/metrics.js';
import type { BranchAction } from '#platform/participant/branch-handler.js';
import type { Participant } from '#platform/participant/participant.js';
import type { Database } from '#platform/postgres/database.js';
import type { What } from '#platform/trace/protocol-event.js';
import { Trace } from '#platform/trace/trace.js';
import { balanceOf, debit, heldOf, newAccount, newPendingOrder, reserve } from './branch-fixtures.js';
import { ask, newParticipantForTest, requestOf, type Message } from './participant-for-test.js';
import { newMetricsForTest, newPostgresForTest, type PostgresForTest } from './postgres-for-test.js';

/** A real server takes its time on a busy machine. */
jest.setTimeout(60_000);

/** What a participant does with a message before and after its work. */
describe('a participant', () => {
  let postgres: PostgresForTest;
  let database: Database;
  let metrics: Metrics;
  let participant: Participant;

  beforeAll(async () => {
    postgres = await newPostgresForTest();
    database = await postgres.open('shop', ['account', 'inventory', 'orders']);
    metrics = newMetricsForTest();
    participant = newParticipantForTest(database, { metrics });
  });
  afterAll(() => postgres.remove());

  const newDebit = async (): Promise<{ gid: string; action: BranchAction; account: string }> => {
    const account = await newAccount(database, 1_000);
    return { gid: randomUUID(), action: debit(account, 300), account };
  };
  const isKnown = async (gid: string): Promise<boolean> => {
    const find = { name: 'test-is-known', text: 'SELECT 1 FROM account.fence WHERE gid = $1' };
    return (await database.run(find, [gid])).length > 0;
  };
  const turnedAway = async (code: string): Promise<number> => {
    const { values } = await metrics.messagesTurnedAway.get();
    return values.find(({ labels }) => labels['code'] === code)?.value ?? 0;
  };

  describe('turns away', () => {
    const item = { sku: 'MUG', quantity: 1, priceMinor: 100 };
    const debited = debit(randomUUID(), 100);
    const bad: readonly [string, Partial<BranchRequest>][] = [
      ['a gid that is no UUID', { gid: `${randomUUID()}'` }],
      ['a branch that cannot be', { branch: 64 }],
      ['half a branch', { branch: 0.5 }],
      ['no phase', { phase: WirePhase.UNSPECIFIED }],
      ['an unknown phase', { phase: 99 as WirePhase }],
      ['no action where there is work to do', { action: undefined }],
      ['an empty action', { action: { action: undefined } }],
      [
        'an action that nobody registered',
        { action: { action: { $case: 'other' } as unknown as BranchAction } },
      ],
      ['an amount below nothing', { action: { action: debit(randomUUID(), -1) } }],
      ['an amount that is no number', { action: { action: debit(randomUUID(), Number.NaN) } }],
      ['an account that is no UUID', { action: { action: debit('mine', 1) } }],
      ['no items', { action: { action: reserve() } }],
      ['a quantity of nothing', { action: { action: reserve({ ...item, quantity: 0 }) } }],
      ['a negative price', { action: { action: reserve({ ...item, priceMinor: -1 }) } }],
      ['one product twice', { action: { action: reserve(item, item) } }],
      ['no term', { term: 0 }],
    ];

    it.each(bad)('a message with %s', async (_, wrong) => {
      const before = await turnedAway('invalid-message');
      const request = { ...requestOf({ gid: randomUUID(), action: debited, phase: 'apply' }), ...wrong };
      const [reply, ...more] = await participant.handle(request);
      expect(reply).toMatchObject({ gid: request.gid, result: Result.INVALID, code: 'invalid-message' });
      expect(more).toEqual([]);
      expect(await turnedAway('invalid-message')).toBe(before + 1);
    });

    it.each(['commit', 'confirm', 'pre-commit', 'do-commit', 'redo'] as const)(
      '%s of a branch that was never asked for',
      async (phase) => {
        const before = await turnedAway('unknown-transaction');
        const { gid, action, account } = await newDebit();
        expect(await ask(participant, { gid, action, phase })).toBe('unknown-transaction');
        expect(await turnedAway('unknown-transaction')).toBe(before + 1);
        expect(await isKnown(gid)).toBe(false);
        expect(await balanceOf(database, account)).toBe(1_000);
      },
    );

    it('a coordinator whose term is over, also at a copy that was started later', async () => {
      const apart = await postgres.open('terms', ['account']);
      const account = await newAccount(apart, 1_000);
      const message: Message = { gid: randomUUID(), action: debit(account, 300), phase: 'apply' };
      const first = newParticipantForTest(apart);
      expect(await ask(first, { ...message, term: 3 })).toBe('done');
      const copy = newParticipantForTest(apart);
      const late = { ...message, gid: randomUUID() };
      expect(await ask(copy, { ...late, term: 4 })).toBe('done');
      expect(await ask(copy, { ...message, phase: 'cancel', term: 3 })).toBe('old-term');
      expect(await ask(newParticipantForTest(apart), { ...message, phase: 'cancel', term: 5 })).toBe('done');
      // It has not heard of term 5, but a higher one than it knows is looked up.
      expect(await ask(first, { ...late, phase: 'cancel', term: 4 })).toBe('old-term');
      expect(await balanceOf(apart, account)).toBe(700);
    });
  });

  it('remembers a cancel of what was never tried, and refuses the try that comes late', async () => {
    const { gid, action, account } = await newDebit();
    expect(await ask(participant, { gid, action, phase: 'cancel' })).toBe('done');
    expect(await ask(participant, { gid, action, phase: 'try' })).toBe('cancelled');
    expect(await heldOf(database, account)).toBe(0);
  });

  it('does not spend what it holds for others', async () => {
    const { gid, action, account } = await newDebit();
    expect(await ask(participant, { gid, action, phase: 'try' })).toBe('done');
    const more = (phase: Message['phase'], amount: number): Promise<string> =>
      ask(participant, { gid: randomUUID(), action: debit(account, amount), phase });
    expect(await more('apply', 701)).toBe('insufficient-funds');
    expect(await more('try', 701)).toBe('insufficient-funds');
    expect(await more('prepare', 701)).toBe('insufficient-funds');
    expect(await more('apply', 700)).toBe('done');
    expect(await ask(participant, { gid, action, phase: 'confirm' })).toBe('done');
    expect(await balanceOf(database, account)).toBe(0);
  });

  it('either confirms or cancels when it is told both at once, and neither waits for the other in a circle', async () => {
    for (let round = 0; round < 20; round += 1) {
      const { gid, action, account } = await newDebit();
      const other = newParticipantForTest(database);
      expect(await ask(participant, { gid, action, phase: 'try' })).toBe('done');
      const answers = await Promise.all([
        ask(participant, { gid, action, phase: 'confirm' }),
        ask(other, { gid, action, phase: 'cancel' }),
        ask(other, { gid, action, phase: 'try' }),
      ]);
      const confirmed = answers[0] === 'done';
      expect(answers.slice(0, 2)).toEqual(confirmed ? ['done', 'contradiction'] : ['contradiction', 'done']);
      expect(await balanceOf(database, account)).toBe(confirmed ? 700 : 1_000);
      expect(await heldOf(database, account)).toBe(0);
    }
  });

  it('takes a decision without its action from one kind of branch only', async () => {
    const gid = await newPendingOrder(database);
    expect(await ask(participant, { gid, action: undefined, phase: 'cancel' })).toBe('invalid-message');
  });

  describe('under a fault', () => {
    const faultAt = (point: string, act: () => ReturnType<Failpoints['hit']>): Failpoints => ({
      hit: (reached) => (reached === point ? act() : undefined),
    });
    const play = async (
      point: string,
      act: () => ReturnType<Failpoints['hit']>,
    ): Promise<{ replies: number; balance: number; again: string }> => {
      const { gid, action, account } = await newDebit();
      const faulty = newParticipantForTest(database, { service: 'account', failpoints: faultAt(point, act) });
      const replies = await faulty.handle(requestOf({ gid, action, phase: 'apply' }));
      const balance = await balanceOf(database, account);
      return {
        replies: replies.length,
        balance,
        again: await ask(participant, { gid, action, phase: 'apply' }),
      };
    };
    const fails = (): Promise<never> => Promise.reject(new InjectedFault('account.apply.before-log'));

    it.each([
      ['a lost message does nothing', 'after-receive', () => Promise.resolve('drop' as const), 0, 1_000],
      ['an error on arrival does nothing', 'after-receive', fails, 0, 1_000],
      ['an error before the work does nothing', 'before-log', fails, 0, 1_000],
      ['an error after the work loses the answer', 'after-log', fails, 0, 700],
      ['a lost answer is only that', 'before-reply', () => Promise.resolve('drop' as const), 0, 700],
      [
        'a message that comes twice is done once',
        'after-receive',
        () => Promise.resolve('duplicate' as const),
        2,
        700,
      ],
      ['an answer may be sent twice', 'before-reply', () => Promise.resolve('duplicate' as const), 2, 700],
      ['a delay changes nothing', 'before-log', () => Promise.resolve('go' as const), 1, 700],
    ])('%s', async (_, moment, act, replies, balance) => {
      expect(await play(`account.apply.${moment}`, act)).toEqual({ replies, balance, again: 'done' });
    });
  });

  it('notes what it received, did and sent', async () => {
    const events: What[] = [];
    const trace = new Trace('account-1', ({ what }) => events.push(what));
    const traced = newParticipantForTest(database, { trace });
    const { gid, action } = await newDebit();
    const [reply] = await traced.handle(requestOf({ gid, action, phase: 'try' }));
    await ask(traced, { gid, action, phase: 'try' });
    await ask(traced, { gid, action, phase: 'commit' });
    expect(reply?.sender).toBe('account-1');
    expect(reply?.sentAtUs).toBeGreaterThan(0);
    const received = (message: string): What => ({
      kind: 'received',
      message,
      branch: 0,
      from: 'test',
      sentAtUs: 0,
    });
    const sent = (message: string): What => ({ kind: 'sent', message, branch: 0, to: 'test' });
    expect(events).toEqual([
      received('try'),
      { kind: 'did', branch: 0, state: 'tried' },
      sent('try: done'),
      received('try'),
      sent('try: done'),
      received('commit'),
      { kind: 'turned-away', message: 'commit', from: 'test', code: 'contradiction' },
      sent('commit: contradiction'),
    ]);
  });
});
