import { setImmediate as nextTurn, setTimeout as delay } from 'node:timers/promises';
import { CoordinatorClient, CoordinatorService } from '#generated/tristate/coordinator/v1/coordinator.js';
import { findFreePorts } from '#cli/launcher/ports.js';
import { Callers, hashOfKey } from '#platform/auth/callers.js';
import { Problem } from '#platform/errors/problem.js';
import type { Callees } from '#platform/grpc/balancing/callees.js';
import { GrpcClients, type CallSettings } from '#platform/grpc/grpc-client.js';
import { GrpcServer } from '#platform/grpc/grpc-server.js';
import { unary } from '#platform/grpc/unary-handler.js';
import { currentScope } from '#platform/logging/correlation.js';
import type { ClientStrategy } from '#protocols/balancing/strategy.js';
import type { Target } from '#protocols/balancing/target.js';
import { newMetricsForTest, silent } from './postgres-for-test.js';

const key = 'k'.repeat(32);
const reply = { protocol: 'saga', records: [] };
const patienceMs = 20_000;

type Behaviour = 'well' | 'silent' | 'unavailable' | 'overloaded';

/** One copy of a service, which answers as it is told to. */
class ServerForTest {
  asked = 0;
  private behaviour: Behaviour = 'well';
  /** What a call does before it is answered. */
  work: () => Promise<void> = () => Promise.resolve();
  private readonly server: GrpcServer;

  constructor(readonly port: number) {
    this.server = new GrpcServer(
      `coordinator-${port}`,
      new Callers({ registry: hashOfKey(key) }),
      newMetricsForTest(),
      silent,
    );
    const { readLog } = CoordinatorService;
    this.server.add({ readLog }, { readLog: unary(() => this.answer()) });
  }

  listen(): Promise<void> {
    return this.server.listen({ host: '127.0.0.1', port: this.port });
  }

  behave(behaviour: Behaviour): void {
    this.behaviour = behaviour;
  }

  close(): Promise<void> {
    return this.server.close();
  }

  private async answer(): Promise<typeof reply> {
    this.asked += 1;
    await this.work();
    if (this.behaviour === 'silent') await delay(300, undefined, { ref: false });
    if (this.behaviour === 'unavailable') throw new Problem('upstream-unavailable');
    if (this.behaviour === 'overloaded') throw new Problem('overloaded');
    return reply;
  }
}

/** Copies of a service, and a caller whose view of them is what the test says. */
export class BalancedServicesForTest {
  private readonly metrics = newMetricsForTest();
  private readonly listeners = new Set<() => void>();
  private strategy: ClientStrategy = 'round-robin';
  private weights: readonly number[];
  private readonly clients: GrpcClients;
  private readonly client: CoordinatorClient;

  private constructor(readonly servers: readonly ServerForTest[]) {
    this.weights = servers.map(() => 100);
    this.clients = new GrpcClients(key, this.metrics, this.callees(), 'registry-1');
    this.client = this.clients.connectTo(CoordinatorClient, 'coordinator');
  }

  static async start(count: number): Promise<BalancedServicesForTest> {
    const ports = await findFreePorts(count);
    const servers = ports.map((port) => new ServerForTest(port));
    await Promise.all(servers.map((server) => server.listen()));
    const shop = new BalancedServicesForTest(servers);
    await shop.allConnected();
    return shop;
  }

  get asked(): number {
    return this.servers.reduce((sum, { asked }) => sum + asked, 0);
  }

  /** Changes what the caller knows, and returns when it goes by it. */
  async use(change: { strategy?: ClientStrategy; weights?: readonly number[] }): Promise<void> {
    this.strategy = change.strategy ?? this.strategy;
    this.weights = change.weights ?? this.weights;
    for (const listener of this.listeners) listener();
    await nextTurn();
  }

  async call(settings: CallSettings = {}, withinMs = 5_000): Promise<string> {
    const method = this.client.readLog.bind(this.client);
    const result = await this.clients.call(
      'ReadLog',
      method,
      { gid: 'gid-1' },
      Date.now() + withinMs,
      settings,
    );
    return result.outcome;
  }

  /** Fills the retry budget. */
  async earn(calls: number): Promise<void> {
    for (let call = 0; call < calls; call += 1) await this.call();
  }

  async retries(): Promise<number> {
    const { values } = await this.metrics.grpcRetries.get();
    return values.find(({ labels }) => labels['budget'] === 'granted')?.value ?? 0;
  }

  /** A server that is called with one deadline calls another with a longer one: what was left there, at most. */
  async leftOfOnwardCall(given: { callersMs: number; ownMs: number }): Promise<number> {
    const [first, second] = this.servers;
    if (first === undefined || second === undefined) throw new Error('Two servers are needed');
    let leftMs = NaN;
    second.work = () => {
      leftMs = (currentScope()?.deadlineAtMs ?? Infinity) - Date.now();
      return Promise.resolve();
    };
    const onward = this.clients.connect(CoordinatorClient, [`127.0.0.1:${second.port}`]);
    first.work = async () => {
      const method = onward.readLog.bind(onward);
      await this.clients.call('ReadLog', method, { gid: 'gid-1' }, Date.now() + given.ownMs);
    };
    const direct = this.clients.connect(CoordinatorClient, [`127.0.0.1:${first.port}`]);
    const method = direct.readLog.bind(direct);
    await this.clients.call('ReadLog', method, { gid: 'gid-1' }, Date.now() + given.callersMs);
    onward.close();
    direct.close();
    return leftMs;
  }

  async until(holds: () => boolean | Promise<boolean>): Promise<void> {
    const endsAtMs = Date.now() + patienceMs;
    while (!(await holds())) {
      if (Date.now() > endsAtMs) throw new Error('What was waited for did not come');
      await delay(5);
    }
  }

  async close(): Promise<void> {
    this.client.close();
    await Promise.all(this.servers.map((server) => server.close()));
  }

  private async allConnected(): Promise<void> {
    await this.until(async () => {
      await this.call();
      return this.servers.every(({ asked }) => asked > 0);
    });
  }

  private callees(): Callees {
    const targets = (): Target[] =>
      this.weights.map((weight, index) => ({
        address: `127.0.0.1:${this.servers[index]?.port ?? 0}`,
        weight,
      }));
    const strategy = (): ClientStrategy => this.strategy;
    return {
      get strategy() {
        return strategy();
      },
      targets,
      addresses: () => targets().map(({ address }) => address),
      onChange: (listener) => {
        this.listeners.add(listener);
        return () => this.listeners.delete(listener);
      },
    };
  }
}
