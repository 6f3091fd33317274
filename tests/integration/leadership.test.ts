import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { InjectedFault, noFailpoints, type Failpoints } from '#platform/faults/failpoints.js';
import type { Database, Sql, Statement } from '#platform/postgres/database.js';
import type { Transaction } from '#platform/runtime/transaction-runtime.js';
import { Leadership, leaseMs } from '#services/coordinator/storage/leadership.js';
import { GroupCommitLog } from '#services/coordinator/storage/transaction-log.js';
import { waitUntil } from '../e2e/wait-until.js';
import { newMetricsForTest, newPostgresForTest, silent, type PostgresForTest } from './postgres-for-test.js';

/** A real server takes its time on a busy machine. */
jest.setTimeout(60_000);

const deadlineMs = 30_000;

/** A process's way to the database, which can be held up as SIGSTOP holds up a process. */
class PausableSql implements Sql {
  private goOn: Promise<void> = Promise.resolve();
  resume: () => void = () => undefined;

  constructor(private readonly sql: Sql) {}

  pause(): void {
    this.goOn = new Promise((resolve) => (this.resume = resolve));
  }

  async run<Row>(statement: Statement<Row>, values: readonly unknown[]): Promise<Row[]> {
    await this.goOn;
    return this.sql.run(statement, values);
  }
}

interface Candidate {
  readonly leadership: Leadership;
  readonly sql: PausableSql;
  readonly left: number[];
}

/** Several coordinators on one real database, and what only one of them may do. */
describe('the leadership of the coordinators', () => {
  let postgres: PostgresForTest;
  let database: Database;
  let candidates: Candidate[];

  beforeAll(async () => {
    postgres = await newPostgresForTest();
    database = await postgres.open('coordinator', ['coordinator']);
  });
  beforeEach(() => {
    candidates = [];
  });
  afterEach(async () => {
    for (const { leadership, sql } of candidates) {
      sql.resume();
      await leadership.stop();
    }
  });
  afterAll(() => postgres.remove());

  const newCandidate = (processName: string, failpoints: Failpoints = noFailpoints): Candidate => {
    const sql = new PausableSql(database);
    const left: number[] = [];
    let entered = 0;
    const leadership = new Leadership({
      sql,
      processName,
      firstTerm: () => 1,
      office: {
        enter: (term) => {
          entered = term;
          return Promise.resolve();
        },
        leave: () => void left.push(entered),
        settle: () => Promise.resolve(),
      },
      failpoints,
      metrics: newMetricsForTest(),
      logger: silent,
    });
    const candidate = { leadership, sql, left };
    candidates.push(candidate);
    return candidate;
  };
  const active = ({ leadership }: Candidate): Promise<number> =>
    waitUntil('a coordinator is active', deadlineMs, () => Promise.resolve(leadership.activeTerm));
  const newLog = (sql: Sql, term: number, fenced = (): void => undefined): GroupCommitLog =>
    new GroupCommitLog({ sql, term, fenced, metrics: newMetricsForTest(), logger: silent });
  const newTransaction = (): Transaction => ({
    gid: randomUUID(),
    protocol: '2pc',
    branches: [],
    correlationId: 'a-request',
  });

  it('falls to the first, and stays there while it renews its lease', async () => {
    const [one, other] = [newCandidate('one'), newCandidate('other')];
    await one.leadership.start();
    const term = one.leadership.activeTerm;
    expect(term).toBeGreaterThan(0);
    await other.leadership.start();
    const startedMs = Date.now();
    await waitUntil('two leases are over', deadlineMs, () =>
      Promise.resolve(Date.now() - startedMs > 2 * leaseMs ? true : undefined),
    );
    expect([one.leadership.activeTerm, other.leadership.activeTerm]).toEqual([term, undefined]);
  });

  it('falls to exactly one of many that come at once', async () => {
    const many = Array.from({ length: 6 }, (_, index) => newCandidate(`candidate-${index}`));
    await Promise.all(many.map(({ leadership }) => leadership.start()));
    expect(many.filter(({ leadership }) => leadership.activeTerm !== undefined)).toHaveLength(1);
  });

  it('passes to a standby within 2 s of the last sign of life, with a higher term', async () => {
    const [one, other] = [newCandidate('one'), newCandidate('other')];
    await one.leadership.start();
    const term = await active(one);
    await other.leadership.start();
    one.sql.pause();
    const silentSinceMs = Date.now();
    expect(await active(other)).toBe(term + 1);
    expect(Date.now() - silentSinceMs).toBeLessThan(2_000);

    // The one that was silent is deposed as soon as it looks.
    one.sql.resume();
    await waitUntil('it has noticed', deadlineMs, () => Promise.resolve(one.left.length > 0 || undefined));
    expect(one.left).toEqual([term]);
    expect(one.leadership.activeTerm).toBeUndefined();
    expect(other.leadership.activeTerm).toBe(term + 1);
  });

  it('passes on at once when it is given up, without waiting for the lease', async () => {
    const [one, other] = [newCandidate('one'), newCandidate('other')];
    await one.leadership.start();
    const term = await active(one);
    await other.leadership.start();
    const handedOverMs = Date.now();
    await one.leadership.stop();
    expect(await active(other)).toBe(term + 1);
    expect(Date.now() - handedOverMs).toBeLessThan(leaseMs);
  });

  it('is not taken over while taking over fails', async () => {
    let failing = true;
    const failpoints: Failpoints = {
      hit: (point) =>
        failing && point === 'coordinator.takeover.before-log'
          ? Promise.reject(new InjectedFault(point))
          : undefined,
    };
    const one = newCandidate('one', failpoints);
    await one.leadership.start();
    expect(one.leadership.activeTerm).toBeUndefined();
    failing = false;
    expect(await active(one)).toBeGreaterThan(0);
  });

  it('lets a coordinator write in its own term, and nothing any more after the next has begun', async () => {
    const [one, other] = [newCandidate('one'), newCandidate('other')];
    await one.leadership.start();
    const term = await active(one);
    let isFenced = false;
    const log = newLog(database, term, () => (isFenced = true));
    const [before, after] = [newTransaction(), newTransaction()];
    await log.append(before, { kind: 'begin' }, true);
    await other.leadership.start();
    await one.leadership.stop();
    const next = await active(other);

    let isWritten = false;
    void log.append(after, { kind: 'commit' }, true).then(() => (isWritten = true));
    await waitUntil('the log is fenced', deadlineMs, () => Promise.resolve(isFenced || undefined));
    const gids = (await newLog(database, next).readOpen()).map(({ transaction }) => transaction.gid);
    expect(gids).toContain(before.gid);
    const [{ found } = { found: -1 }] = await database.run<{ found: number }>(
      { name: 'test-found', text: 'SELECT count(*) AS found FROM coordinator.log WHERE gid = $1' },
      [after.gid],
    );
    expect([found, isWritten]).toEqual([0, false]);
  });

  it('never loses a write to a takeover that comes at the same time: it is before it, or not at all', async () => {
    for (let round = 0; round < 20; round += 1) {
      const one = newCandidate(`one-${round}`);
      await one.leadership.start();
      const term = await active(one);
      await one.leadership.stop();
      const transaction = newTransaction();
      let wrote: boolean | undefined;
      const log = newLog(database, term, () => (wrote = false));
      void log.append(transaction, { kind: 'begin' }, true).then(() => (wrote = true));
      const next = newCandidate(`next-${round}`);
      await next.leadership.start();
      const seen = (await newLog(database, await active(next)).readOpen()).some(
        ({ transaction: { gid } }) => gid === transaction.gid,
      );
      await waitUntil('the log has answered', deadlineMs, () =>
        Promise.resolve(wrote === undefined ? undefined : true),
      );
      expect(seen).toBe(wrote);
      await next.leadership.stop();
    }
  });
});
