import {
  CoordinatorClient,
  type ExecuteReply,
  type ExecuteRequest,
} from '#generated/tristate/coordinator/v1/coordinator.js';
import type { GrpcClients } from '../grpc/grpc-client.js';
import { RoundRobin, StreamChannel, waitingForReady } from '../grpc/stream-channel.js';
import { currentScope } from '../logging/correlation.js';
import type { Logger } from '../logging/logger.js';
import { startTimer, type Metrics } from '../metrics/metrics.js';

/** How asking the coordinator ends. It never fails: without an answer nobody knows what became of the transaction. */
export type ExecuteResult = { outcome: 'success'; reply: ExecuteReply } | { outcome: 'timeout' };

type Channel = StreamChannel<ExecuteRequest, ExecuteReply>;

interface Waiting {
  readonly resolve: (result: ExecuteResult) => void;
  readonly timer: NodeJS.Timeout;
}

/**
 * A service's streams to the coordinator. Several calls can wait for the same transaction; each has a deadline of its
 * own, and all of them learn that the stream broke as a timeout.
 */
export class CoordinatorChannels {
  private readonly channels: Channel[];
  private readonly open: RoundRobin<Channel>;
  private readonly waiting = new Map<string, Set<Waiting>>();

  constructor(
    private readonly clients: GrpcClients,
    addresses: readonly string[],
    private readonly metrics: Metrics,
    logger: Logger,
  ) {
    this.channels = addresses.map((address) => this.connect(address, logger));
    this.open = new RoundRobin(this.channels);
  }

  /** Asks for a transaction and waits for its outcome until `deadlineAtMs` (epoch milliseconds). */
  async execute(
    request: Omit<ExecuteRequest, 'correlationId'>,
    deadlineAtMs: number,
  ): Promise<ExecuteResult> {
    const elapsed = startTimer();
    const result = await this.ask(request, deadlineAtMs);
    this.metrics.grpcClient.observe({ method: 'Coordinator/Execute', outcome: result.outcome }, elapsed());
    return result;
  }

  close(): void {
    this.loseAll();
    for (const channel of this.channels) channel.close();
  }

  private ask(request: Omit<ExecuteRequest, 'correlationId'>, deadlineAtMs: number): Promise<ExecuteResult> {
    const { gid } = request;
    const channel = this.open.next();
    if (channel === undefined) return Promise.resolve({ outcome: 'timeout' });
    return new Promise((resolve) => {
      const waiting: Waiting = {
        resolve,
        timer: setTimeout(
          () => {
            this.forget(gid, waiting);
            resolve({ outcome: 'timeout' });
          },
          Math.max(0, deadlineAtMs - Date.now()),
        ),
      };
      const others = this.waiting.get(gid);
      if (others === undefined) this.waiting.set(gid, new Set([waiting]));
      else others.add(waiting);
      channel.write({ ...request, correlationId: currentScope()?.correlationId ?? gid });
    });
  }

  private connect(address: string, logger: Logger): Channel {
    const client = this.clients.connect(CoordinatorClient, [address]);
    return new StreamChannel(
      {
        address,
        client,
        open: () => client.execute(waitingForReady(this.clients.metadata())),
        receive: (reply) => this.settle(reply.gid, { outcome: 'success', reply }),
        lost: () => this.loseAll(),
      },
      logger,
    );
  }

  private settle(gid: string, result: ExecuteResult): void {
    for (const { resolve, timer } of this.waiting.get(gid) ?? []) {
      clearTimeout(timer);
      resolve(result);
    }
    this.waiting.delete(gid);
  }

  private loseAll(): void {
    for (const gid of [...this.waiting.keys()]) this.settle(gid, { outcome: 'timeout' });
  }

  private forget(gid: string, waiting: Waiting): void {
    const others = this.waiting.get(gid);
    others?.delete(waiting);
    if (others?.size === 0) this.waiting.delete(gid);
  }
}
