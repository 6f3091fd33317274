import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  CoordinatorService,
  ExecuteReply_Outcome as Outcome,
  type CoordinatorServer,
  type ExecuteReply,
  type ExecuteRequest,
} from '#generated/tristate/coordinator/v1/coordinator.js';
import { Protocol } from '#generated/tristate/transaction/v1/transaction.js';
import { findFreePorts } from '#cli/launcher/ports.js';
import { Callers, hashOfKey } from '#platform/auth/callers.js';
import { GrpcClients } from '#platform/grpc/grpc-client.js';
import { GrpcServer } from '#platform/grpc/grpc-server.js';
import { StreamEndpoint } from '#platform/grpc/stream-endpoint.js';
import { CoordinatorChannels } from '#platform/runtime/coordinator-channels.js';
import { Trace } from '#platform/trace/trace.js';
import { waitUntil } from '../e2e/wait-until.js';
import { newMetricsForTest, silent } from './postgres-for-test.js';

const key = 'k'.repeat(32);
const deadlineMs = 10_000;

/** A coordinator as its callers see it: a standby until it is resumed; `isSilent` as if it were paused. */
class CoordinatorForTest {
  readonly asked: { gid: string; resumed: boolean }[] = [];
  readonly endpoint: StreamEndpoint<ExecuteRequest, ExecuteReply>;
  isSilent = false;
  private readonly server: GrpcServer;

  constructor(name: string) {
    this.server = new GrpcServer(name, new Callers({ order: hashOfKey(key) }), newMetricsForTest(), silent);
    this.endpoint = new StreamEndpoint<ExecuteRequest, ExecuteReply>(({ gid, resumed }) => {
      this.asked.push({ gid, resumed });
      const reply = { gid, outcome: Outcome.COMMITTED, code: '', retryAfterMs: 0, sender: name, sentAtUs: 0 };
      return Promise.resolve(this.isSilent ? undefined : reply);
    }, this.server);
    this.endpoint.suspend();
    const implementation: Pick<CoordinatorServer, 'execute'> = {
      execute: (stream) => this.endpoint.accept(stream),
    };
    this.server.add({ execute: CoordinatorService.execute }, implementation, this.endpoint);
  }

  listen(port: number): Promise<void> {
    return this.server.listen({ host: '127.0.0.1', port });
  }

  close(): Promise<void> {
    return this.server.close();
  }
}

/** The order service's streams to two coordinators, over real gRPC. */
describe('the streams to the coordinators', () => {
  let one: CoordinatorForTest;
  let other: CoordinatorForTest;
  let channels: CoordinatorChannels;

  beforeEach(async () => {
    const ports = await findFreePorts(2);
    [one, other] = [new CoordinatorForTest('coordinator-1'), new CoordinatorForTest('coordinator-2')];
    await Promise.all([one, other].map((coordinator, index) => coordinator.listen(ports[index] ?? 0)));
    channels = new CoordinatorChannels({
      clients: new GrpcClients(key, newMetricsForTest()),
      addresses: ports.map((port) => `127.0.0.1:${port}`),
      trace: new Trace('order-1'),
      metrics: newMetricsForTest(),
      logger: silent,
    });
  });
  afterEach(async () => {
    channels.close();
    await Promise.all([one.close(), other.close()]);
  });

  const execute = (gid: string, protocol = Protocol.SAGA, withinMs = deadlineMs) =>
    channels.execute({ gid, protocol, branches: [], resumed: false, epoch: 0 }, Date.now() + withinMs);
  const isAsked = (coordinator: CoordinatorForTest, gid: string): Promise<true> =>
    waitUntil(`${gid} is asked for`, deadlineMs, () =>
      Promise.resolve(coordinator.asked.some((asked) => asked.gid === gid) || undefined),
    );
  const success = { outcome: 'success', reply: { outcome: Outcome.COMMITTED } };

  it('wait for a coordinator to become active, until the deadline and not longer', async () => {
    expect(await execute('too-early', Protocol.SAGA, 50)).toEqual({ outcome: 'timeout' });
    const waiting = execute('in-time');
    other.endpoint.resume();
    expect(await waiting).toMatchObject(success);
    expect([one.asked, other.asked]).toEqual([[], [{ gid: 'in-time', resumed: false }]]);
  });

  it('ask the next coordinator again for what the one before was asked for', async () => {
    one.isSilent = true;
    one.endpoint.resume();
    const waiting = execute('order-1');
    await isAsked(one, 'order-1');
    one.endpoint.suspend();
    other.endpoint.resume();
    expect(await waiting).toMatchObject(success);
    expect(other.asked).toEqual([{ gid: 'order-1', resumed: true }]);
  });

  it('turn to the one that became active last, though the one before is silent and does not know it', async () => {
    one.isSilent = true;
    one.endpoint.resume();
    const waiting = execute('order-1');
    await isAsked(one, 'order-1');
    other.endpoint.resume();
    expect(await waiting).toMatchObject(success);
    expect(await execute('order-2')).toMatchObject(success);
    expect(one.asked.map(({ gid }) => gid)).toEqual(['order-1']);
  });

  it('do not ask again without a protocol: nobody knows what was done', async () => {
    one.isSilent = true;
    one.endpoint.resume();
    const waiting = execute('order-1', Protocol.NONE);
    await isAsked(one, 'order-1');
    one.endpoint.suspend();
    expect(await waiting).toEqual({ outcome: 'timeout' });
  });
});
