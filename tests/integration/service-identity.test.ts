import { status as GrpcStatus, type ServiceError } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { CoordinatorClient, CoordinatorService } from '#generated/tristate/coordinator/v1/coordinator.js';
import {
  BranchReply_Result as Result,
  ParticipantClient,
  ParticipantService,
  type ParticipantServer,
  Phase,
  type BranchReply,
  type BranchRequest,
} from '#generated/tristate/participant/v1/participant.js';
import { findFreePorts } from '#cli/launcher/ports.js';
import { Callers, hashOfKey } from '#platform/auth/callers.js';
import { serviceNames, type ServiceName } from '#platform/config/process-config.js';
import { GrpcClients } from '#platform/grpc/grpc-client.js';
import { GrpcServer } from '#platform/grpc/grpc-server.js';
import { StreamEndpoint } from '#platform/grpc/stream-endpoint.js';
import { unary } from '#platform/grpc/unary-handler.js';
import { newMetricsForTest, silent } from './postgres-for-test.js';

const keyOf = (service: ServiceName): string => `${service}-`.padEnd(32, 'k');
const stranger = 's'.repeat(32);
const message: BranchRequest = {
  gid: 'gid-1',
  branch: 0,
  phase: Phase.COMMIT,
  action: undefined,
  attempt: 1,
  code: '',
  correlationId: '',
  term: 1,
  sender: 'test',
  sentAtUs: 0,
};

/** Real gRPC: who calls is known by the key, and what each service may call is refused to all others. */
describe('a gRPC server', () => {
  const metrics = newMetricsForTest();
  const handled: string[] = [];
  let server: GrpcServer;
  let address: string;

  beforeAll(async () => {
    const hashes = Object.fromEntries(serviceNames.map((name) => [name, hashOfKey(keyOf(name))]));
    server = new GrpcServer('account-1', new Callers(hashes), metrics, silent);
    const endpoint = new StreamEndpoint<BranchRequest, BranchReply>(({ gid, branch, phase }) => {
      handled.push(gid);
      return Promise.resolve({ gid, branch, phase, result: Result.DONE, code: '', sender: '', sentAtUs: 0 });
    }, server);
    const participant: ParticipantServer = { exchange: (stream) => endpoint.accept(stream) };
    server.add(ParticipantService, participant, endpoint);
    const { readLog } = CoordinatorService;
    const implementation = { readLog: unary(() => Promise.resolve({ protocol: 'saga', records: [] })) };
    server.add({ readLog }, implementation);
    const [port = 0] = await findFreePorts(1);
    await server.listen({ host: '127.0.0.1', port });
    address = `127.0.0.1:${port}`;
  });
  afterAll(() => server.close());

  /** The first answer on a participant's stream, or the status that ended it. */
  const exchange = (key: string): Promise<BranchReply | GrpcStatus> => {
    const clients = new GrpcClients(key, newMetricsForTest());
    const client = clients.connect(ParticipantClient, [address]);
    const stream = client.exchange(clients.metadata());
    return new Promise<BranchReply | GrpcStatus>((resolve) => {
      stream.on('data', resolve);
      stream.on('error', ({ code }: ServiceError) => resolve(code));
      stream.write(message);
    }).finally(() => {
      stream.cancel();
      client.close();
    });
  };

  it('carries out what the coordinator asks of a participant', async () => {
    expect(await exchange(keyOf('coordinator'))).toMatchObject({ gid: 'gid-1', result: Result.DONE });
    expect(handled).toEqual(['gid-1']);
  });

  it.each(serviceNames.filter((name) => name !== 'coordinator'))(
    'refuses a participant’s message from %s, and does nothing',
    async (service) => {
      handled.length = 0;
      expect(await exchange(keyOf(service))).toBe(GrpcStatus.PERMISSION_DENIED);
      expect(handled).toEqual([]);
    },
  );

  it('refuses a key that it does not know, and counts what it refused', async () => {
    expect(await exchange(stranger)).toBe(GrpcStatus.UNAUTHENTICATED);
    const { values } = await metrics.grpcRefused.get();
    const method = '/tristate.participant.v1.Participant/Exchange';
    expect(values).toContainEqual({ labels: { method, caller: 'unknown' }, value: 1 });
    expect(values).toContainEqual({ labels: { method, caller: 'order' }, value: 1 });
  });

  it.each([
    ['registry', 'success'],
    ['order', 'failure'],
  ] as const)('lets %s read the coordinator’s log: %s', async (service, outcome) => {
    const clients = new GrpcClients(keyOf(service), newMetricsForTest());
    const client = clients.connect(CoordinatorClient, [address]);
    const method = client.readLog.bind(client);
    const result = await clients.call('ReadLog', method, { gid: 'gid-1' }, Date.now() + 5_000);
    expect(result.outcome).toBe(outcome);
    if (result.outcome === 'failure') expect(result.error.code).toBe(GrpcStatus.PERMISSION_DENIED);
    client.close();
  });
});
