import { randomUUID } from 'node:crypto';
import { beforeEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Tokens } from '../auth/tokens.js';
import type { Problem } from '../errors/problem.js';
import { runInScope } from '../logging/correlation.js';
import { Metrics } from '../metrics/metrics.js';
import { ClusterModel, latestWrite } from './cluster-for-test.js';
import { Reads } from './reads.js';
import { SessionTokens } from './session-token.js';
import { Sessions } from './sessions.js';

const config = {
  level: 'read-your-writes',
  readYourWrites: 'token',
  windowMs: 60_000,
  waitMs: 100,
  replicated: true,
} as const;
const tokenKey = 'k'.repeat(64);
const userTokens = new Tokens(tokenKey);

/** What a request is answered: the number of the write that it shows, or why it is refused. */
interface Answer {
  readonly version: number | undefined;
  readonly code?: string;
  readonly from?: string;
  readonly session?: string;
}

/** A shop of one number over a model of the cluster. */
class ShopModel {
  readonly cluster: ClusterModel;
  readonly sessions: Sessions;
  readonly reads: Reads;

  constructor(replicas = 2) {
    this.cluster = new ClusterModel(replicas);
    const { database } = this.cluster;
    this.sessions = new Sessions(database, config, new SessionTokens(tokenKey), userTokens);
    this.reads = new Reads(database, config, new Metrics({ service: 'test', process: 'test' }));
  }

  read(client: ClientModel, consistency: string, own = false): Promise<Answer> {
    return this.request(client, consistency, false, async () => {
      const [row] = await (own ? this.reads.own : this.reads).run(latestWrite, []);
      return row?.version;
    });
  }

  /** @param after what happens before it is known where the write is */
  write(client: ClientModel, after: () => void = () => undefined): Promise<Answer> {
    return this.request(client, undefined, true, async () => {
      const version = this.cluster.write();
      after();
      return version;
    });
  }

  private async request(
    client: ClientModel,
    consistency: string | undefined,
    wrote: boolean,
    work: () => Promise<number | undefined>,
  ): Promise<Answer> {
    try {
      const reading = this.sessions.begin({ consistency, session: client.session, bearer: client.bearer });
      await this.sessions.check(reading);
      const version = await runInScope({ correlationId: 'test', reading }, work);
      const headers = await this.sessions.headersOf(reading, wrote);
      client.session = headers['X-Session'] ?? client.session;
      const from = headers['X-Read-From'];
      return { version, ...(from === undefined ? {} : { from }), ...pick(headers['X-Session']) };
    } catch (error) {
      return { version: undefined, code: (error as Problem).code };
    }
  }
}

const pick = (session: string | undefined): { session?: string } =>
  session === undefined ? {} : { session };

class ClientModel {
  session: string | undefined;
  readonly bearer = userTokens.issue({ accountId: randomUUID(), owner: 'alice' });
}

describe('a read', () => {
  let shop: ShopModel;
  let client: ClientModel;
  let cluster: ClusterModel;

  beforeEach(() => {
    shop = new ShopModel();
    client = new ClientModel();
    ({ cluster } = shop);
  });

  const delay = (): void => {
    for (const server of cluster.servers) {
      server.stuck = true;
      server.lagMs = 3_000;
    }
  };

  it('is answered stale from a replica that is behind, under eventual', async () => {
    delay();
    await shop.write(client);
    expect(await shop.read(new ClientModel(), 'eventual')).toEqual({
      version: 0,
      from: expect.stringMatching(/^postgres-[23]$/),
    });
  });

  it.each(['strong', 'read-your-writes', 'causal', 'read-your-writes;strategy=window'])(
    'of one’s own write goes to the primary while replicas are behind, under %s',
    async (level) => {
      delay();
      await shop.write(client);
      expect(await shop.read(client, level)).toMatchObject({ version: 1, from: 'postgres-1' });
    },
  );

  it.each(['read-your-writes', 'causal'])(
    'of one’s own write comes from a replica that has it, at once or soon, under %s',
    async (level) => {
      await shop.write(client);
      expect(await shop.read(client, level)).toMatchObject({
        version: 1,
        from: expect.not.stringMatching('-1'),
      });
      cluster.servers.forEach((server) => cluster.replay(server, 1, true));
      expect(await shop.read(client, level)).toMatchObject({
        version: 1,
        from: expect.not.stringMatching('-1'),
      });
    },
  );

  it('of what is one’s own goes to the primary where no session tells what was written', async () => {
    for (const level of ['read-your-writes', 'read-your-writes;strategy=window', 'causal']) {
      expect(await shop.read(new ClientModel(), level, true)).toMatchObject({ from: 'postgres-1' });
    }
    expect(await shop.read(client, 'read-your-writes', false)).toMatchObject({
      from: expect.not.stringMatching('-1'),
    });
  });

  it('under the strategy primary, tells one’s own from what all share', async () => {
    const level = 'read-your-writes;strategy=primary';
    await shop.write(client);
    expect(await shop.read(client, level, true)).toMatchObject({ from: 'postgres-1' });
    expect(await shop.read(client, level, false)).toMatchObject({ from: expect.not.stringMatching('-1') });
  });

  it('goes to one replica for an account, and to the other when that one is gone, under monotonic', async () => {
    const names = new Set<string | undefined>();
    for (let turn = 0; turn < 6; turn += 1) names.add((await shop.read(client, 'monotonic')).from);
    expect(names.size).toBe(1);
    const [name] = names;
    const gone = cluster.servers.find((server) => server.name === name);
    if (gone !== undefined) gone.broken = true;
    const other = (await shop.read(client, 'monotonic')).from;
    expect(other).toMatch(/^postgres-[23]$/);
    expect(other).not.toBe(name);
  });

  it('goes to all replicas in turn, under eventual', async () => {
    const from = [];
    for (let turn = 0; turn < 4; turn += 1) from.push((await shop.read(client, 'eventual')).from);
    expect(from.toSorted()).toEqual(['postgres-2', 'postgres-2', 'postgres-3', 'postgres-3']);
  });

  it('goes to the primary when no replica answers', async () => {
    await shop.write(client);
    for (const server of cluster.servers) server.broken = true;
    for (const level of ['eventual', 'monotonic', 'causal', 'read-your-writes'])
      expect(await shop.read(client, level)).toMatchObject({ version: 1, from: 'postgres-1' });
  });

  it('goes on without a primary where a replica can prove what is asked', async () => {
    await shop.write(client);
    cluster.servers.forEach((server) => cluster.replay(server, 1, true));
    cluster.primary = undefined;
    for (const level of ['eventual', 'monotonic', 'causal', 'read-your-writes'])
      expect(await shop.read(client, level)).toMatchObject({ version: 1 });
    expect(await shop.read(client, 'strong')).toMatchObject({ code: 'no-primary' });
  });

  it('may come from a replica that has come to where the primary is, under strong with remote_apply', async () => {
    cluster.synchronous = 'remote_apply';
    await shop.write(client);
    expect(await shop.read(client, 'strong')).toMatchObject({
      version: 1,
      from: expect.not.stringMatching('-1'),
    });
    delay();
    await shop.write(client);
    expect(await shop.read(client, 'strong')).toMatchObject({ version: 2, from: 'postgres-1' });
  });

  it('is refused when a failover has lost what its session has written', async () => {
    delay();
    await shop.write(client);
    const after = cluster.replicaAt(0);
    cluster.promote(after);
    expect(await shop.read(client, 'eventual')).toMatchObject({ code: 'session-lost' });
    expect(await shop.write(client)).toMatchObject({ code: 'session-lost' });
    client.session = undefined;
    expect(await shop.read(client, 'causal')).toMatchObject({ version: 0 });
  });

  it('of a write whose primary was gone before its place was known goes to the primary, while that is the same', async () => {
    await shop.write(client, () => (cluster.primary = undefined));
    for (const server of cluster.servers) cluster.replay(server, 9, true);
    expect(await shop.read(client, 'causal')).toMatchObject({ code: 'no-primary' });
    cluster.primary = 'postgres-1';
    expect(await shop.read(client, 'causal')).toMatchObject({ version: 1, from: 'postgres-1' });
    cluster.promote(cluster.replicaAt(0));
    expect(await shop.read(client, 'causal')).toMatchObject({ code: 'session-lost' });
  });

  it('does not take a write for one of the epoch in which its place was asked for', async () => {
    delay();
    await shop.write(client, () => cluster.promote(cluster.replicaAt(0)));
    expect(await shop.read(client, 'causal')).toMatchObject({ code: 'session-lost' });
  });

  it('goes on with the session of an ended epoch whose writes were kept', async () => {
    await shop.write(client);
    const [one, other] = [cluster.replicaAt(0), cluster.replicaAt(1)];
    cluster.replay(one, 1, true);
    other.stuck = true;
    other.lagMs = 3_000;
    cluster.promote(one);
    // The other one is of the new epoch as well, and still behind the write of the old one.
    const answer = await shop.read(client, 'causal');
    expect(answer.version).toBe(1);
    expect(answer.from).not.toBe(other.name);
  });

  it.each<[string, (client: ClientModel) => string]>([
    ['session-invalid', () => 'nonsense'],
    ['session-invalid', ({ session = '' }) => `${session}, nonsense`],
    ['session-invalid', ({ session = '' }) => Array.from({ length: 33 }, () => session).join()],
    [
      'session-lost',
      () => {
        const beyond = { epoch: 1, lsn: 10n ** 15n };
        const session = { account: undefined, written: beyond, seen: beyond, wroteAtMs: 0 };
        return new SessionTokens(tokenKey).issue(session);
      },
    ],
  ])('is refused as %s with a session that was tampered with', async (code, session) => {
    await shop.write(client);
    client.session = session(client);
    expect(await shop.read(client, 'eventual')).toMatchObject({ code });
  });

  it('is refused with the session of another account, and takes several of one’s own', async () => {
    const stranger = new ClientModel();
    await shop.write(stranger);
    await shop.write(client);
    const first = client.session;
    await shop.write(client);
    delay();
    client.session = [client.session, first].join(', ');
    expect(await shop.read(client, 'causal')).toMatchObject({ version: 3 });
    client.session = stranger.session;
    expect(await shop.read(client, 'causal')).toMatchObject({ code: 'session-foreign' });
  });
});

describe('the levels, in any history of writes, delays and failovers', () => {
  const levels = ['strong', 'read-your-writes', 'monotonic', 'causal', 'eventual'] as const;
  const step = fc.oneof(
    { weight: 4, arbitrary: fc.record({ do: fc.constant('write' as const), client: fc.nat(2) }) },
    {
      weight: 8,
      arbitrary: fc.record({
        do: fc.constant('read' as const),
        client: fc.nat(2),
        level: fc.constantFrom(...levels),
        own: fc.boolean(),
      }),
    },
    {
      weight: 4,
      arbitrary: fc.record({
        do: fc.constant('replay' as const),
        replica: fc.nat(1),
        steps: fc.nat(5),
        isHeard: fc.boolean(),
        stuck: fc.boolean(),
        lagMs: fc.constantFrom(0, 50, 3_000),
        broken: fc.boolean(),
      }),
    },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('promote' as const), replica: fc.nat(1) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('primary' as const), gone: fc.boolean() }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('mode' as const), remoteApply: fc.boolean() }) },
  );
  type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never;

  /** What a client knows that it has done and seen, in the session. */
  class Witness extends ClientModel {
    wrote = 0;
    saw = 0;
    /** The epoch in which its session began. */
    since = 1;
    startOver(epoch: number): void {
      this.session = undefined;
      this.wrote = 0;
      this.saw = 0;
      this.since = epoch;
    }
  }

  async function perform(shop: ShopModel, clients: readonly Witness[], one: Step): Promise<void> {
    const { cluster } = shop;
    switch (one.do) {
      case 'write': {
        const client = clients[one.client] as Witness;
        const answer = await shop.write(client);
        if (answer.version === undefined) return judgeRefusal(cluster, client, answer.code);
        client.wrote = answer.version;
        return;
      }
      case 'read': {
        const client = clients[one.client] as Witness;
        const answer = await shop.read(client, one.level, one.own);
        if (answer.version === undefined) return judgeRefusal(cluster, client, answer.code);
        const least = {
          strong: cluster.latest,
          'read-your-writes': client.wrote,
          monotonic: client.saw,
          causal: Math.max(client.wrote, client.saw),
          eventual: 0,
        }[one.level];
        expect(answer.version).toBeGreaterThanOrEqual(least);
        // What is lost is told, and never passed over because others have written since.
        expect([client.wrote, client.saw].filter((version) => !cluster.isThere(version))).toEqual([]);
        if (answer.session !== undefined) client.saw = Math.max(client.saw, answer.version);
        return;
      }
      case 'replay': {
        const server = cluster.replicaAt(one.replica);
        Object.assign(server, { stuck: one.stuck, lagMs: one.lagMs, broken: one.broken });
        cluster.replay(server, one.steps, one.isHeard);
        return;
      }
      case 'promote':
        return cluster.promote(cluster.replicaAt(one.replica));
      case 'primary':
        cluster.primary = one.gone ? undefined : (cluster.primary ?? 'postgres-1');
        return;
      case 'mode':
        cluster.synchronous = one.remoteApply ? 'remote_apply' : 'none';
    }
  }

  /**
   * A read may be refused for want of a primary, or because something was lost: never for nothing. What was lost may be a
   * place in the log at which nobody had written, for example the record of a promotion; then there was a failover.
   */
  function judgeRefusal(cluster: ClusterModel, client: Witness, code: string | undefined): void {
    if (code === 'session-lost') {
      const isAllThere = cluster.isThere(client.wrote) && cluster.isThere(client.saw);
      expect(isAllThere && cluster.epoch === client.since).toBe(false);
      client.startOver(cluster.epoch);
    } else {
      expect([code, cluster.primary]).toEqual(['no-primary', undefined]);
    }
  }

  it('show what they promise', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const shop = new ShopModel();
        const clients = [new Witness(), new Witness(), new Witness()];
        for (const one of steps) await perform(shop, clients, one);
      }),
      { numRuns: 200 },
    );
  });
});
