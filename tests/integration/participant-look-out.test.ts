import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import {
  BranchReply_Result as Result,
  type BranchReply,
} from '#generated/tristate/participant/v1/participant.js';
import type { BranchAction } from '#platform/participant/branch-handler.js';
import type { Participant } from '#platform/participant/participant.js';
import { PreparedTransactions } from '#platform/participant/prepared-transactions.js';
import { ThreePhaseBranches } from '#platform/participant/three-phase-branches.js';
import type { Database } from '#platform/postgres/database.js';
import { debitAccount } from '#services/account/storage/debit-account.js';
import { waitUntil } from '../e2e/wait-until.js';
import { balanceOf, debit, heldOf, newAccount } from './branch-fixtures.js';
import { ask, newBareParticipantForTest } from './participant-for-test.js';
import { newPostgresForTest, type PostgresForTest } from './postgres-for-test.js';

/** A real server takes its time on a busy machine. */
jest.setTimeout(60_000);
const deadlineMs = 30_000;

/** What a participant does about branches that nobody decides, on the account service's own database. */
describe('a participant on the look-out', () => {
  let postgres: PostgresForTest;
  let database: Database;
  let participant: Participant;
  let told: BranchReply[];
  let account: string;
  let gid: string;
  let action: BranchAction;

  beforeAll(async () => {
    postgres = await newPostgresForTest();
    database = await postgres.open('account', ['account']);
    participant = newCopy();
    await participant.start((reply) => told.push(reply));
  });
  afterAll(async () => {
    await participant.stop();
    await postgres.remove();
  });
  beforeEach(async () => {
    told = [];
    account = await newAccount(database, 1_000);
    gid = randomUUID();
    action = debit(account, 300);
  });

  const newCopy = (): Participant => {
    const copy = newBareParticipantForTest(database);
    copy.register('debitAccount', debitAccount);
    return copy;
  };
  const tell = (phase: Parameters<typeof ask>[1]['phase'], attempt = 1): Promise<string> =>
    ask(participant, { gid, action, phase, attempt });
  const hears = (result: Result, code: string): Promise<BranchReply> =>
    waitUntil(`${Result[result]} is told`, deadlineMs, () =>
      told.find((reply) => reply.gid === gid && reply.result === result && reply.code === code),
    );
  let doctored = 0;
  const doctor = (text: string): Promise<unknown> =>
    database.run({ name: `doctor-${++doctored}`, text }, [gid]);
  const decideAlone = (): Promise<string | undefined> =>
    new ThreePhaseBranches(database, new PreparedTransactions(database)).decideAlone(
      { gid, branch: 0 },
      debitAccount,
    );

  it('asks about money that is held and that nobody takes, and lets go of it when it is told', async () => {
    expect(await tell('try')).toBe('done');
    await doctor(`UPDATE account.holds SET at = at - interval '3 s' WHERE gid = $1`);
    await hears(Result.IN_DOUBT, '');
    expect(await heldOf(database, account)).toBe(300);
    // A coordinator that has never heard of it does not know the action either.
    expect(await ask(participant, { gid, action: undefined, phase: 'cancel' })).toBe('done');
    expect(await heldOf(database, account)).toBe(0);
    expect(await tell('try')).toBe('cancelled');
  });

  it('asks about a branch of two-phase commit that stays prepared, and decides nothing', async () => {
    expect(await tell('prepare')).toBe('done');
    await hears(Result.IN_DOUBT, '');
    expect(await tell('prepare', 2)).toBe('done');
    expect(await ask(participant, { gid, action: undefined, phase: 'commit' })).toBe('done');
    expect(await balanceOf(database, account)).toBe(700);
  });

  it('aborts a branch of three-phase commit alone, refuses what comes too late, and repairs it', async () => {
    expect(await tell('can-commit')).toBe('done');
    await hears(Result.DECIDED_ALONE, 'aborted');
    expect(await tell('can-commit', 2)).toBe('aborted-alone');
    expect(await tell('pre-commit')).toBe('aborted-alone');
    expect(await tell('do-commit')).toBe('aborted-alone');
    expect(await tell('abort')).toBe('done');
    expect(await balanceOf(database, account)).toBe(1_000);
    expect(await tell('redo')).toBe('done');
    expect(await tell('redo')).toBe('done');
    expect(await tell('do-commit')).toBe('done');
    expect(await balanceOf(database, account)).toBe(700);
  });

  it('cannot repair what cannot be done any more, nor what was not aborted alone', async () => {
    expect(await tell('redo')).toBe('unknown-transaction');
    expect(await tell('can-commit')).toBe('done');
    expect(await decideAlone()).toBe('aborted');
    const other = { gid: randomUUID(), action: debit(account, 800) };
    expect(await ask(participant, { ...other, phase: 'apply' })).toBe('done');
    expect(await tell('redo')).toBe('insufficient-funds');
    expect(await ask(participant, { ...other, phase: 'cancel' })).toBe('done');
    expect(await ask(participant, { ...other, phase: 'redo' })).toBe('contradiction');
    expect(await tell('redo')).toBe('done');
    expect(await balanceOf(database, account)).toBe(700);
  });

  it('commits a branch of three-phase commit alone once all have voted yes', async () => {
    expect(await tell('can-commit')).toBe('done');
    expect(await tell('pre-commit')).toBe('done');
    await hears(Result.DECIDED_ALONE, 'committed');
    expect(await tell('do-commit')).toBe('done');
    expect(await tell('abort')).toBe('committed-alone');
    expect(await balanceOf(database, account)).toBe(700);
  });

  it('goes on where a copy died that had begun to abort or to commit alone', async () => {
    expect(await tell('can-commit')).toBe('done');
    await doctor(`INSERT INTO account.three_phase (gid, branch, state) VALUES ($1, 0, 'aborted')`);
    expect(await tell('do-commit')).toBe('aborted-alone');
    await hears(Result.DECIDED_ALONE, 'aborted');
    gid = randomUUID();
    expect(await tell('can-commit')).toBe('done');
    await doctor(`INSERT INTO account.three_phase (gid, branch, state) VALUES ($1, 0, 'committed')`);
    await hears(Result.DECIDED_ALONE, 'committed');
    expect(await balanceOf(database, account)).toBe(700);
  });

  it('either hears pre-commit or aborts alone, when one copy hears and another gives up at once', async () => {
    const other = newCopy();
    for (let round = 0; round < 20; round += 1) {
      [gid, account] = [randomUUID(), await newAccount(database, 1_000)];
      action = debit(account, 300);
      expect(await tell('can-commit')).toBe('done');
      const [answer, decision] = await Promise.all([
        ask(other, { gid, action, phase: 'pre-commit' }),
        decideAlone(),
      ]);
      // The one who looks may find the other's pre-commit: then it goes on to commit.
      const outcome = `${answer} ${decision ?? 'undecided'}`;
      expect(['done undecided', 'done committed', 'aborted-alone aborted']).toContain(outcome);
      expect(await tell('do-commit')).toBe(answer);
      expect(await balanceOf(database, account)).toBe(answer === 'done' ? 700 : 1_000);
    }
  });

  it('decides alone once when all copies give up at once', async () => {
    expect(await tell('can-commit')).toBe('done');
    const decisions = await Promise.all([decideAlone(), decideAlone(), decideAlone()]);
    expect(decisions.filter((decision) => decision !== undefined)).toEqual(['aborted']);
    expect(await tell('do-commit')).toBe('aborted-alone');
  });

  it('learns from another copy that there is a newer coordinator', async () => {
    expect(await ask(newCopy(), { gid, action, phase: 'try', term: 7 })).toBe('done');
    await waitUntil('the old term is turned away', deadlineMs, async () =>
      (await ask(participant, { gid, action, phase: 'try', term: 6 })) === 'old-term' ? true : undefined,
    );
  });
});
