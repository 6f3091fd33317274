import {
  credentials,
  Metadata,
  status as GrpcStatus,
  type CallOptions,
  type ChannelCredentials,
  type ChannelOptions,
  type Client,
  type ServiceError,
} from '@grpc/grpc-js';
import { currentScope } from '../logging/correlation.js';
import { startTimer, type Metrics } from '../metrics/metrics.js';
import { correlationIdKey } from './grpc-server.js';

/** How every remote call ends. A timeout is not a failure: the work may have been done. */
export type CallResult<Reply> =
  | { outcome: 'success'; reply: Reply }
  /** The callee answered that it did nothing, or could never be reached. */
  | { outcome: 'failure'; error: ServiceError }
  /** No answer before the deadline, or the connection broke while waiting for one. */
  | { outcome: 'timeout' };

type Unary<Request, Reply> = (
  request: Request,
  metadata: Metadata,
  options: Partial<CallOptions>,
  callback: (error: ServiceError | null, reply: Reply) => void,
) => unknown;

type ClientConstructor<C extends Client> = new (
  address: string,
  credentials: ChannelCredentials,
  options: ChannelOptions,
) => C;

const channelOptions: ChannelOptions = {
  // Several copies of a service are called in turn.
  'grpc.service_config': JSON.stringify({ loadBalancingConfig: [{ round_robin: {} }] }),
  // A process that was restarted is found again at once: the defaults (1 s to 120 s) are made for a wide network.
  'grpc.initial_reconnect_backoff_ms': 100,
  'grpc.max_reconnect_backoff_ms': 1_000,
  'grpc.enable_retries': 0,
};

/** Makes clients of the other services, and the calls through them. */
export class GrpcClients {
  constructor(
    private readonly serviceKey: string,
    private readonly metrics: Metrics,
  ) {}

  /** A client that balances over `addresses` (HOST:PORT each). */
  connect<C extends Client>(constructor: ClientConstructor<C>, addresses: readonly string[]): C {
    if (addresses.length === 0) throw new Error(`No address is configured for ${constructor.name}`);
    return new constructor(`ipv4:${addresses.join(',')}`, credentials.createInsecure(), channelOptions);
  }

  /** What goes with every call: who calls, and on whose behalf. */
  metadata(): Metadata {
    const metadata = new Metadata();
    metadata.set('authorization', `Bearer ${this.serviceKey}`);
    const scope = currentScope();
    if (scope !== undefined) metadata.set(correlationIdKey, scope.correlationId);
    return metadata;
  }

  /**
   * Makes one unary call that must answer by `deadlineAtMs` (epoch milliseconds).
   *
   * @param name the method, for the metrics
   */
  async call<Request, Reply>(
    name: string,
    method: Unary<Request, Reply>,
    request: Request,
    deadlineAtMs: number,
  ): Promise<CallResult<Reply>> {
    const elapsed = startTimer();
    const result = await new Promise<CallResult<Reply>>((resolve) => {
      method(request, this.metadata(), { deadline: deadlineAtMs }, (error, reply) => {
        if (error === null) resolve({ outcome: 'success', reply });
        else resolve(isUnknownOutcome(error) ? { outcome: 'timeout' } : { outcome: 'failure', error });
      });
    });
    this.metrics.grpcClient.observe({ method: name, outcome: result.outcome }, elapsed());
    return result;
  }
}

function isUnknownOutcome({ code }: ServiceError): boolean {
  return (
    code === GrpcStatus.DEADLINE_EXCEEDED ||
    code === GrpcStatus.UNAVAILABLE ||
    code === GrpcStatus.CANCELLED ||
    code === GrpcStatus.UNKNOWN ||
    code === GrpcStatus.INTERNAL
  );
}
