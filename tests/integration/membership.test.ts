import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { findFreePorts } from '#cli/launcher/ports.js';
import { MembershipClient, type Heartbeat } from '#generated/tristate/membership/v1/membership.js';
import { Callers, hashOfKey } from '#platform/auth/callers.js';
import { GrpcClients } from '#platform/grpc/grpc-client.js';
import { GrpcServer } from '#platform/grpc/grpc-server.js';
import { StreamChannel, waitingForReady } from '#platform/grpc/stream-channel.js';
import { createLogger } from '#platform/logging/logger.js';
import { MembershipView } from '#platform/membership/members-view.js';
import { fromWire } from '#platform/membership/view.js';
import { defaultMembership } from '#protocols/failure-detector/defaults.js';
import type { ProbeAnswer } from '#protocols/failure-detector/membership.js';
import { MembershipEndpoint, serveMembership } from '#services/registry/api/membership.grpc.js';
import { AuditLog } from '#services/registry/domain/audit-log.js';
import { MemberBoard } from '#services/registry/domain/member-board.js';
import { waitUntil } from '../e2e/wait-until.js';
import { newMetricsForTest } from './postgres-for-test.js';

/** The registry's side and a member's side of the stream of heartbeats, over real gRPC, in one process. */

const keys = { order: 'o'.repeat(32), account: 'a'.repeat(32) };
const callers = (): Callers =>
  new Callers({ order: hashOfKey(keys.order), account: hashOfKey(keys.account) });
const deadlineMs = 10_000;
jest.setTimeout(4 * deadlineMs);
const warmUpMs = 500;
const silent = createLogger({ name: 'test', service: 'registry', logLevel: 'silent' });

class RegistryForTest {
  readonly board: MemberBoard;
  private readonly server = new GrpcServer('registry', callers(), newMetricsForTest(), silent);

  constructor(private readonly port: number) {
    this.board = new MemberBoard({
      heartbeat: defaultMembership,
      warmUpMs,
      probe: () => Promise.resolve<ProbeAnswer>('refused'),
      audit: new AuditLog(silent),
      logger: silent,
    });
    serveMembership(this.server, new MembershipEndpoint(this.board, callers(), silent));
  }

  async start(): Promise<this> {
    await this.server.listen({ host: '127.0.0.1', port: this.port });
    return this;
  }

  stop(): Promise<void> {
    return this.server.close();
  }

  stateOf(name: string): string | undefined {
    return this.board.view().members.find((member) => member.name === name)?.state;
  }
}

class MemberForTest {
  readonly view = new MembershipView(0.5);
  refusal = '';
  private readonly channel: StreamChannel<Heartbeat, Parameters<typeof fromWire>[0]>;
  private readonly timer: NodeJS.Timeout;

  constructor(registryPort: number, key: string, name: string, change: Partial<Heartbeat> = {}) {
    const clients = new GrpcClients(key, newMetricsForTest());
    const client = clients.connect(MembershipClient, [`127.0.0.1:${registryPort}`]);
    const address = { httpAddress: `${name}:80`, grpcAddress: `${name}:81`, version: '1' };
    const load = { load: 0.5, inFlight: 2, eventLoopLagMs: 0 };
    const service = name.replace(/-\d+$/, '');
    const calm = { leaving: false, underPressure: false };
    const heartbeat = { name, service, incarnation: 1, ...calm, ...address, ...load, ...change };
    const open = (): ReturnType<typeof client.join> => {
      const stream = client.join(waitingForReady(clients.metadata()));
      stream.on('error', ({ message }) => (this.refusal = message));
      return stream;
    };
    const beat = (): void => this.channel.write(heartbeat);
    const receive = (told: Parameters<typeof fromWire>[0]): void => this.view.take(fromWire(told));
    this.channel = new StreamChannel({ address: '', client, open, opened: beat, receive }, silent);
    this.timer = setInterval(beat, defaultMembership.intervalMs);
  }

  /** Its connection breaks without a word. */
  die(): void {
    clearInterval(this.timer);
    this.channel.close();
  }
}

describe('the stream of heartbeats', () => {
  let port: number;
  let registry: RegistryForTest;
  let members: MemberForTest[];

  const join = (...given: [key: string, name: string, change?: Partial<Heartbeat>]): MemberForTest => {
    const member = new MemberForTest(port, ...given);
    members.push(member);
    return member;
  };
  const become = (name: string, state: string | undefined): Promise<true> =>
    waitUntil(
      `${name} is ${state ?? 'gone'}`,
      deadlineMs,
      () => registry.stateOf(name) === state || undefined,
      () => JSON.stringify(registry.board.view()),
    );

  beforeEach(async () => {
    [port = 0] = await findFreePorts(1);
    registry = await new RegistryForTest(port).start();
    members = [];
  });
  afterEach(async () => {
    for (const member of members) member.die();
    await registry.stop();
  });

  it('tells every member of all others, once the registry had the time to meet them, and of each change', async () => {
    const member = join(keys.order, 'order-1');
    join(keys.account, 'account-1').view.onChange(() => undefined);
    const names = (): string[] => (member.view.current()?.members ?? []).map(({ name }) => name).sort();
    await waitUntil('it knows both', deadlineMs, () => names().join() === 'account-1,order-1' || undefined);
    expect(registry.board.report()).toContainEqual(
      expect.objectContaining({ name: 'order-1', state: 'alive', load: 0.5, inFlight: 2 }),
    );
    registry.board.drain('order-1', true);
    expect(registry.board.drain('account-1', true)).toBe('last-member');
    members[1]?.die();
    await waitUntil(
      'it knows of a death',
      deadlineMs,
      () =>
        member.view.current()?.members.find(({ name }) => name === 'account-1')?.state === 'dead' ||
        undefined,
    );
  });

  it('believes nobody who speaks for another', async () => {
    const liars = [
      join(keys.order, 'account-1'),
      join(keys.order, 'order-1', { service: 'account' }),
      join(keys.order, 'orders-1', { service: 'order' }),
      join('x'.repeat(32), 'order-2'),
      join(keys.order, 'order-3', { httpAddress: 'nowhere' }),
    ];
    await waitUntil(
      'all are refused',
      deadlineMs,
      () => liars.every(({ refusal }) => refusal !== '') || undefined,
    );
    expect(
      liars.map(({ refusal }) => /(?:forbidden|unauthenticated|validation-failed)/.exec(refusal)?.[0]),
    ).toEqual(['forbidden', 'forbidden', 'forbidden', 'unauthenticated', 'validation-failed']);
    expect(registry.board.view().members).toEqual([]);
  });

  it('takes a member whose stream broke for dead when its port refuses, and nobody else', async () => {
    join(keys.order, 'order-1');
    const doomed = join(keys.order, 'order-2');
    await Promise.all(['order-1', 'order-2'].map((name) => become(name, 'alive')));
    doomed.die();
    await become('order-2', 'dead');
    expect(registry.stateOf('order-1')).toBe('alive');
  });

  it('lets members keep what they know while the registry is away, and changes nothing until it knows all again', async () => {
    const member = join(keys.order, 'order-1');
    const other = join(keys.order, 'order-2');
    const known = await waitUntil('both are known', deadlineMs, () => {
      const view = member.view.current();
      return view?.members.length === 2 ? view : undefined;
    });
    await registry.stop();
    registry = await new RegistryForTest(port).start();
    await Promise.all(['order-1', 'order-2'].map((name) => become(name, 'alive')));
    expect(registry.board.view().settled).toBe(false);
    expect(member.view.current()).toBe(known);
    await waitUntil('a new epoch', deadlineMs, () => member.view.current() !== known || undefined);
    expect(member.view.members('order').map(({ slowStartShare }) => slowStartShare)).toEqual([1, 1]);
    expect(other.view.current()?.epoch).toBe(registry.board.epoch);
  });
});
