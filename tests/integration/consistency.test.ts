import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { waitUntil } from '../e2e/wait-until.js';
import { ClusterForTest } from './cluster-for-test.js';
import { newAccountId, NumberService, type NumberAnswer } from './consistency-for-test.js';
import { LeaseForTest } from './lease-for-test.js';

/** Three real servers, two of them copies, take their time on a busy machine. */
jest.setTimeout(180_000);

const catchUpMs = 60_000;
const replica = /^postgres-[23]$/;

/** A service on a real cluster whose replicas are really behind: each level shows what it promises, and eventual does not. */
describe('a consistency level', () => {
  let cluster: ClusterForTest;
  let lease: LeaseForTest;
  let service: NumberService;
  let account: string;
  let value = 0;

  beforeAll(async () => {
    cluster = await ClusterForTest.start(2);
    lease = await LeaseForTest.hold(cluster);
    service = await NumberService.start(await cluster.create('shop'));
    await service.createTable();
  });
  afterAll(async () => {
    await service?.stop();
    await lease?.release();
    await cluster?.remove();
  });

  const setReplay = async (names: readonly string[], how: 'pause' | 'resume'): Promise<void> => {
    for (const name of names)
      await cluster.at(name, (client) => client.query(`SELECT pg_wal_replay_${how}()`));
  };
  const both = ['postgres-2', 'postgres-3'];

  /** A write after which no replica goes on: they show the number before. */
  const writeAhead = async (session?: string): Promise<NumberAnswer> => {
    await setReplay(both, 'pause');
    // A pause is in force when the record under way is replayed.
    for (const name of both)
      await waitUntil(`${name} pauses`, catchUpMs, () =>
        cluster.at(name, async (client) => {
          const { rows } = await client.query<{ state: string }>(
            'SELECT pg_get_wal_replay_pause_state() AS state',
          );
          return rows[0]?.state === 'paused' ? true : undefined;
        }),
      );
    value += 1;
    return service.post(value, { account, session });
  };

  beforeEach(async () => {
    account = newAccountId();
    await setReplay(both, 'resume');
    // What was written is everywhere, and the service knows that the replicas can be read.
    await Promise.all(both.map((name) => cluster.streams(name)));
    await waitUntil('both replicas are read', catchUpMs, async () => {
      const answers = [
        await service.get('shared', { consistency: 'eventual' }),
        await service.get('shared', { consistency: 'eventual' }),
      ];
      const isFresh = answers.every((answer) => answer.value === value && replica.test(answer.from ?? ''));
      return isFresh && answers[0]?.from !== answers[1]?.from ? true : undefined;
    });
  });

  it('tells with a write where it is, and with a read who answered and how far behind', async () => {
    const wrote = await writeAhead();
    expect(wrote).toMatchObject({ status: 201, from: undefined, session: expect.any(String) });
    const stale = await service.get('shared', { consistency: 'eventual', account });
    expect(stale).toMatchObject({
      value: value - 1,
      from: expect.stringMatching(replica),
      session: undefined,
    });
    expect(stale.lagMs).toBeGreaterThanOrEqual(0);
    const fresh = await service.get('shared', { consistency: 'strong', account });
    expect(fresh).toMatchObject({ value, from: 'postgres-1', lagMs: 0 });
  });

  it.each([
    'read-your-writes',
    'read-your-writes;strategy=token',
    'read-your-writes;strategy=window',
    'causal',
  ])('of %s shows one’s own write while all replicas are behind', async (consistency) => {
    const { session } = await writeAhead();
    for (const path of ['shared', 'own'] as const)
      expect(await service.get(path, { consistency, session, account })).toMatchObject({
        value,
        from: 'postgres-1',
      });
  });

  it('of read-your-writes by primary shows what is one’s own, and of what all share what there is', async () => {
    const { session } = await writeAhead();
    const consistency = 'read-your-writes;strategy=primary';
    expect(await service.get('own', { consistency, session, account })).toMatchObject({
      value,
      from: 'postgres-1',
    });
    expect(await service.get('shared', { consistency, session, account })).toMatchObject({
      value: value - 1,
    });
  });

  it('shows what is one’s own from the primary when no session tells what was written', async () => {
    await writeAhead();
    expect(await service.get('own', { account })).toMatchObject({ value, from: 'postgres-1' });
    expect(await service.get('shared', { account })).toMatchObject({ value: value - 1 });
  });

  it('of read-your-writes reads a replica as soon as one has caught up', async () => {
    const { session } = await writeAhead();
    await setReplay(['postgres-3'], 'resume');
    await waitUntil('postgres-3 answers', catchUpMs, async () => {
      const answer = await service.get('shared', { session, account });
      expect(answer.value).toBe(value);
      return answer.from === 'postgres-3' ? true : undefined;
    });
  });

  it('of monotonic never goes back, though its replica is behind what was seen', async () => {
    await writeAhead();
    const fresh = await service.get('shared', { consistency: 'strong', account });
    // Without a session there is nothing to compare with: the account's replica shows what it has.
    const first = await service.get('shared', { consistency: 'monotonic', account });
    expect([fresh.value, first.value]).toEqual([value, value - 1]);
    const seen = await service.get('shared', { consistency: 'strong', account, session: first.session });
    expect(seen).toMatchObject({ value, session: expect.any(String) });
    const again = await service.get('shared', { consistency: 'monotonic', account, session: seen.session });
    expect(again).toMatchObject({ value, from: 'postgres-1' });
  });

  it('of monotonic reads one replica for an account', async () => {
    const names = new Set<string | undefined>();
    let session: string | undefined;
    for (let turn = 0; turn < 6; turn += 1) {
      const answer = await service.get('shared', { consistency: 'monotonic', account, session });
      ({ session } = answer);
      names.add(answer.from);
    }
    expect([...names]).toEqual([expect.stringMatching(replica)]);
  });

  it('of causal carries what one service has seen to another, and back', async () => {
    await writeAhead();
    const began = await service.get('shared', { consistency: 'causal', account });
    expect(began.value).toBe(value - 1);
    // The other service reads at the primary for this request, and this one learns what was seen there.
    const remote = await service.get('remote', { consistency: 'strong', account, session: began.session });
    expect(remote.value).toBe(value);
    expect(await service.get('remote', { consistency: 'eventual', account })).toMatchObject({
      value: value - 1,
    });
    const after = await service.get('remote', { consistency: 'causal', account, session: remote.session });
    expect(after.value).toBe(value);
    expect(
      await service.get('shared', { consistency: 'causal', account, session: remote.session }),
    ).toMatchObject({
      value,
      from: 'postgres-1',
    });
  });

  it('that is unknown, and a session that is not the shop’s or another’s, are refused', async () => {
    const { session } = await writeAhead();
    expect(await service.get('shared', { consistency: 'total' })).toMatchObject({
      status: 400,
      code: 'unknown-consistency',
    });
    const forged = `${session?.slice(0, -1)}${session?.endsWith('A') === true ? 'B' : 'A'}`;
    expect(await service.get('shared', { session: forged })).toMatchObject({
      status: 400,
      code: 'session-invalid',
    });
    const stranger = newAccountId();
    expect(await service.get('shared', { session, account: stranger })).toMatchObject({
      status: 403,
      code: 'session-foreign',
    });
    expect(await service.post(value, { session, account: stranger })).toMatchObject({
      status: 403,
      code: 'session-foreign',
    });
    const counted = await service.platform.metrics.problems.get();
    const codes = counted.values.map(({ labels }) => labels.code);
    expect(codes).toEqual(
      expect.arrayContaining(['unknown-consistency', 'session-invalid', 'session-foreign']),
    );
  });

  // The last test of this cluster, whose end it is.
  it('tells a session that a failover has lost its write, and goes on with what was kept', async () => {
    const kept = await service.post((value += 1), { account });
    await Promise.all(both.map((name) => cluster.streams(name)));
    for (const name of both) await cluster.kill(name);
    const lost = await service.post(value + 1, { account, session: kept.session });
    expect(lost.status).toBe(201);
    await lease.release();
    await cluster.kill('postgres-1');
    await cluster.startServer('postgres-2');
    await cluster.promote('postgres-2');
    lease = await LeaseForTest.hold(cluster);

    await waitUntil('the service follows', catchUpMs, async () => {
      const { from } = await service.get('shared', { consistency: 'strong' });
      return from === 'postgres-2' ? true : undefined;
    });
    for (const consistency of ['eventual', 'strong', 'causal', 'monotonic', 'read-your-writes'])
      expect(await service.get('shared', { consistency, account, session: lost.session })).toMatchObject({
        status: 409,
        code: 'session-lost',
      });
    expect(await service.post(value, { account, session: lost.session })).toMatchObject({
      status: 409,
      code: 'session-lost',
      session: undefined,
    });
    expect(await service.get('own', { account, session: kept.session })).toMatchObject({
      status: 200,
      value,
    });
  });
});
