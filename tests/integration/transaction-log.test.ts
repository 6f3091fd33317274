import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { Metrics } from '#platform/metrics/metrics.js';
import type { Database, Statement } from '#platform/postgres/database.js';
import type { Transaction } from '#platform/runtime/transaction-runtime.js';
import { GroupCommitLog, readLogOnDisk } from '#services/coordinator/storage/transaction-log.js';
import { waitUntil } from '../e2e/wait-until.js';
import { newMetricsForTest, newPostgresForTest, silent, type PostgresForTest } from './postgres-for-test.js';

/** A real server takes its time on a busy machine. */
jest.setTimeout(60_000);

const deadlineMs = 60_000;

describe('the coordinator’s log', () => {
  let postgres: PostgresForTest;
  let database: Database;
  let metrics: Metrics;

  beforeAll(async () => {
    postgres = await newPostgresForTest();
    metrics = newMetricsForTest();
    database = await postgres.open('coordinator', ['coordinator'], metrics);
  });
  afterAll(() => postgres.remove());

  const newLog = (term = 0, fenced = (): void => undefined): GroupCommitLog =>
    new GroupCommitLog({ sql: database, term, fenced, metrics, logger: silent });
  const newTransaction = (): Transaction => ({
    gid: randomUUID(),
    protocol: '2pc',
    branches: [{ action: { $case: 'confirmOrder', confirmOrder: {} } }],
    correlationId: 'a-request',
  });
  const recordsOf = async ({ gid }: Transaction): Promise<string[]> => {
    const statement: Statement<{ kind: string }> = {
      name: 'test-records',
      text: 'SELECT kind FROM coordinator.log WHERE gid = $1 ORDER BY ctid',
    };
    const rows = await database.run(statement, [gid]);
    return rows.map(({ kind }) => kind);
  };
  const written = async (): Promise<{ records: number; writes: number }> => {
    const value = async (metric: Metrics['logWrites']): Promise<number> =>
      (await metric.get()).values[0]?.value ?? 0;
    return { records: await value(metrics.logRecords), writes: await value(metrics.logWrites) };
  };

  it('has a forced record and every earlier one on disk when it says so', async () => {
    const [log, transaction] = [newLog(), newTransaction()];
    void log.append(transaction, { kind: 'begin' }, false);
    await log.append(transaction, { kind: 'commit' }, true);
    expect(await recordsOf(transaction)).toEqual(['begin', 'commit']);
  });

  it('finds every open transaction again, wherever the mark of the ended ones stands', async () => {
    const [log, old, ended, young] = [newLog(), newTransaction(), newTransaction(), newTransaction()];
    const open = async (): Promise<string[]> => {
      const found = new Set((await log.readOpen()).map(({ transaction }) => transaction.gid));
      return [old, ended, young].map(({ gid }) => gid).filter((gid) => found.has(gid));
    };
    await log.append(old, { kind: 'begin' }, true);
    await log.append(ended, { kind: 'begin' }, true);
    await log.append(ended, { kind: 'end' }, true);
    await log.passEnded();
    expect(await open()).toEqual([old.gid]);
    await log.append(old, { kind: 'end' }, true);
    await log.passEnded();
    await log.append(young, { kind: 'begin' }, true);
    expect(await open()).toEqual([young.gid]);
    await log.passEnded();
    expect(await open()).toEqual([young.gid]);
    await newLog(7).passEnded();
    expect(await open()).toEqual([young.gid]);
  });

  it('writes a record that nobody waits for by itself', async () => {
    const [log, transaction] = [newLog(), newTransaction()];
    void log.append(transaction, { kind: 'begin' }, false);
    await waitUntil('the record is on disk', deadlineMs, async () =>
      (await recordsOf(transaction)).length === 1 ? true : undefined,
    );
  });

  it('writes what comes at once together', async () => {
    const log = newLog();
    const before = await written();
    const transactions = Array.from({ length: 200 }, newTransaction);
    await Promise.all(transactions.map((one) => log.append(one, { kind: 'begin' }, true)));
    const after = await written();
    expect(after.records - before.records).toBe(200);
    expect(after.writes - before.writes).toBeLessThan(10);
    expect(await Promise.all(transactions.map(recordsOf))).toEqual(transactions.map(() => ['begin']));
  });

  it('takes the same record twice', async () => {
    const [log, transaction] = [newLog(), newTransaction()];
    await log.append(transaction, { kind: 'begin' }, true);
    await log.append(transaction, { kind: 'begin' }, true);
    expect(await recordsOf(transaction)).toEqual(['begin']);
  });

  it('lists what is open, with its records in order, and nothing that has ended', async () => {
    const log = newLog();
    const [voting, aborting, ended] = [newTransaction(), newTransaction(), newTransaction()];
    for (const one of [voting, aborting, ended]) void log.append(one, { kind: 'begin' }, false);
    void log.append(aborting, { kind: 'abort', code: 'out-of-stock' }, false);
    await log.append(ended, { kind: 'end' }, true);
    const open = new Map((await log.readOpen()).map((one) => [one.transaction.gid, one]));
    expect(open.get(voting.gid)).toEqual({ transaction: voting, records: [{ kind: 'begin' }] });
    expect(open.get(aborting.gid)?.records).toEqual([
      { kind: 'begin' },
      { kind: 'abort', code: 'out-of-stock' },
    ]);
    expect(open.has(ended.gid)).toBe(false);
  });

  it('tells how a transaction ended, as soon as it has', async () => {
    const log = newLog();
    const [committed, aborted, open] = [newTransaction(), newTransaction(), newTransaction()];
    for (const one of [committed, aborted, open]) void log.append(one, { kind: 'begin' }, false);
    void log.append(committed, { kind: 'commit' }, false);
    void log.append(aborted, { kind: 'abort', code: 'insufficient-funds' }, false);
    // The end records are still on their way to the disk when the question comes.
    for (const one of [committed, aborted]) void log.append(one, { kind: 'end' }, false);
    expect(await log.outcomeOf(committed.gid)).toEqual({ outcome: 'committed' });
    expect(await log.outcomeOf(aborted.gid)).toEqual({ outcome: 'aborted', code: 'insufficient-funds' });
    expect(await log.outcomeOf(open.gid)).toBeUndefined();
    expect(await log.outcomeOf(randomUUID())).toBeUndefined();
    // Aborted for a branch in doubt: whoever asks brings the other branches, and they have to be told.
    const presumed = newTransaction();
    void log.append(presumed, { kind: 'abort', code: 'coordinator-restarted' }, false);
    await log.append(presumed, { kind: 'end' }, true);
    expect(await log.outcomeOf(presumed.gid)).toEqual({
      outcome: 'aborted',
      code: 'coordinator-restarted',
      presumed: true,
    });
  });

  it('shows what is on disk of a transaction, in order, also how a divergence was repaired', async () => {
    const [log, transaction] = [newLog(), { ...newTransaction(), protocol: '3pc' as const }];
    for (const kind of ['begin', 'pre-commit'] as const) await log.append(transaction, { kind }, true);
    await log.append(transaction, { kind: 'diverged', branches: [0, 2] }, true);
    await log.append(transaction, { kind: 'end' }, true);
    await log.appendRepair(transaction, 'repaired', 'committed');
    const onDisk = await readLogOnDisk(database, transaction.gid);
    expect(onDisk?.protocol).toBe('3pc');
    expect(onDisk?.records.map(({ kind, detail, term }) => [kind, detail, term])).toEqual([
      ['begin', '', 0],
      ['pre-commit', '', 0],
      ['diverged', '0, 2', 0],
      ['end', '', 0],
      ['repaired', 'committed', 0],
    ]);
    expect(await log.read(transaction.gid)).toMatchObject({ repair: 'repaired' });
    expect(await readLogOnDisk(database, randomUUID())).toBeUndefined();
  });

  it('goes on when the database is back, and loses nothing that was appended meanwhile', async () => {
    const [log, before, meanwhile] = [newLog(), newTransaction(), newTransaction()];
    await log.append(before, { kind: 'begin' }, true);
    await postgres.kill();
    const begun = log.append(meanwhile, { kind: 'begin' }, true);
    const committed = log.append(meanwhile, { kind: 'commit' }, true);
    await postgres.start();
    await Promise.all([begun, committed]);
    expect(await recordsOf(before)).toEqual(['begin']);
    expect(await recordsOf(meanwhile)).toEqual(['begin', 'commit']);
  });
});
