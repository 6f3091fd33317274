import { isIPv4 } from 'node:net';
import {
  credentials,
  Metadata,
  status as GrpcStatus,
  type CallOptions,
  type ChannelCredentials,
  type ChannelOptions,
  type Client,
  type ClientUnaryCall,
  type ServiceError,
} from '@grpc/grpc-js';
import { currentScope } from '../logging/correlation.js';
import { startTimer, type Metrics } from '../metrics/metrics.js';
import type { Reading } from '../consistency/reading.js';
import { formatDemand } from '../consistency/demand.js';
import { RetryBudget } from '#protocols/balancing/retry-budget.js';
import type { ServiceName } from '../config/process-config.js';
import type { Callees } from './balancing/callees.js';
import { withContext, type ChannelContext } from './balancing/channel-context.js';
import { Circuits, isNoAnswer } from './balancing/circuits.js';
import { KnownCallees } from './balancing/known-callees.js';
import { registerPolicies } from './balancing/policy.js';
import { registerResolver, scheme } from './balancing/view-resolver.js';
import { hostsScheme, registerHostsResolver } from './hosts-resolver.js';
import {
  avoidedAddressKey,
  balancingKeyKey,
  consistencyKey,
  correlationIdKey,
  sessionKey,
} from './scope-metadata.js';

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
) => ClientUnaryCall;

type ClientConstructor<C extends Client> = new (
  address: string,
  credentials: ChannelCredentials,
  options: ChannelOptions,
) => C;

/** What may be said of a call beyond what it asks. */
export interface CallSettings {
  /** It changes nothing, or the same however often it is made: it may be tried once more, on another copy. */
  readonly idempotent?: boolean;
  /** What it is about, for `consistent-hash`: calls with the same key go to the same copy. */
  readonly key?: string;
  /** What part of the time the first try gets, where it may be tried again; a copy that is silent would take all of it. */
  readonly firstTryShare?: number;
}

const channelOptions: ChannelOptions = {
  // A process that was restarted is found again at once: the defaults (1 s to 120 s) are made for a wide network.
  'grpc.initial_reconnect_backoff_ms': 100,
  'grpc.max_reconnect_backoff_ms': 1_000,
  // They are made here, where they are counted against a budget.
  'grpc.enable_retries': 0,
};

const fixedOptions: ChannelOptions = {
  ...channelOptions,
  'grpc.service_config': JSON.stringify({ loadBalancingConfig: [{ round_robin: {} }] }),
};

registerResolver();
registerHostsResolver();
registerPolicies();

type Attempt<Reply> = { readonly reply: Reply } | { readonly error: ServiceError; readonly peer: string };

/** Makes clients of the other services, and the calls through them. */
export class GrpcClients {
  private readonly budget = new RetryBudget();
  private readonly context: ChannelContext;

  /**
   * @param callees the copies of the other services; none where all clients are made for addresses
   * @param self the name of this process
   */
  constructor(
    private readonly serviceKey: string,
    private readonly metrics: Metrics,
    readonly callees: Callees = new KnownCallees(new Map(), 'round-robin'),
    readonly self = '',
  ) {
    this.context = { self, callees, circuits: new Circuits(metrics), metrics };
  }

  /** A client of one process, or of several (HOST:PORT each) in turn. */
  connect<C extends Client>(constructor: ClientConstructor<C>, addresses: readonly string[]): C {
    if (addresses.length === 0) throw new Error(`No address is configured for ${constructor.name}`);
    const areNumbers = addresses.every((address) => isIPv4(address.slice(0, address.lastIndexOf(':'))));
    const target = `${areNumbers ? 'ipv4' : hostsScheme}:${addresses.join(',')}`;
    return new constructor(target, credentials.createInsecure(), fixedOptions);
  }

  /** A client of whatever copies of a service there are; which one answers a call is up to the strategy in force. */
  connectTo<C extends Client>(constructor: ClientConstructor<C>, service: ServiceName): C {
    if (this.context.callees.addresses(service).length === 0)
      throw new Error(`No address is configured for ${service}`);
    const options = withContext(channelOptions, this.context);
    return new constructor(`${scheme}:${service}`, credentials.createInsecure(), options);
  }

  /** What goes with every call: who calls, and on whose behalf. */
  metadata(): Metadata {
    const metadata = new Metadata();
    metadata.set('authorization', `Bearer ${this.serviceKey}`);
    const scope = currentScope();
    if (scope === undefined) return metadata;
    const { correlationId, reading } = scope;
    metadata.set(correlationIdKey, correlationId);
    if (reading !== undefined) {
      metadata.set(consistencyKey, formatDemand(reading.demand));
      if (reading.keepsSession) metadata.set(sessionKey, reading.token());
    }
    return metadata;
  }

  /**
   * Makes one unary call that must answer by `deadlineAtMs` (epoch milliseconds), or earlier if whoever asked for this work wants
   * its answer earlier.
   *
   * @param name the method, for the metrics
   */
  async call<Request, Reply>(
    name: string,
    method: Unary<Request, Reply>,
    request: Request,
    deadlineAtMs: number,
    settings: CallSettings = {},
  ): Promise<CallResult<Reply>> {
    const elapsed = startTimer();
    const endsAtMs = Math.min(deadlineAtMs, currentScope()?.deadlineAtMs ?? deadlineAtMs);
    const { idempotent = false, key, firstTryShare = 1 } = settings;
    const metadata = this.metadata();
    if (key !== undefined) metadata.set(balancingKeyKey, key);
    const now = Date.now();
    this.budget.earn();
    const mayBeRepeated = idempotent && !this.budget.isSpent;
    const firstEndsAtMs = mayBeRepeated ? now + (endsAtMs - now) * firstTryShare : endsAtMs;
    let attempt = await this.attempt(method, request, metadata, firstEndsAtMs);
    if (idempotent && 'error' in attempt && this.mayRetry(name, attempt.error, endsAtMs)) {
      metadata.set(avoidedAddressKey, attempt.peer);
      attempt = await this.attempt(method, request, metadata, endsAtMs);
    }
    const result = resultOf(attempt);
    this.metrics.grpcClient.observe({ method: name, outcome: result.outcome }, elapsed());
    return result;
  }

  /** Only what was not answered: who refused would refuse again, and has reason to. */
  private mayRetry(method: string, { code }: ServiceError, endsAtMs: number): boolean {
    if (!isNoAnswer(code) || Date.now() >= endsAtMs) return false;
    const granted = this.budget.spend();
    this.metrics.grpcRetries.inc({ method, budget: granted ? 'granted' : 'spent' });
    return granted;
  }

  private attempt<Request, Reply>(
    method: Unary<Request, Reply>,
    request: Request,
    metadata: Metadata,
    deadline: number,
  ): Promise<Attempt<Reply>> {
    return new Promise((resolve) => {
      const call = method(request, metadata, { deadline }, (error, reply) =>
        resolve(error === null ? { reply } : { error, peer: call.getPeer() }),
      );
      const reading = currentScope()?.reading;
      // The status comes in the same turn as the answer, so that it is read before anybody goes on with the answer.
      if (reading !== undefined) call.on('status', ({ metadata }) => mergeSession(reading, metadata));
    });
  }
}

function resultOf<Reply>(attempt: Attempt<Reply>): CallResult<Reply> {
  if ('reply' in attempt) return { outcome: 'success', reply: attempt.reply };
  const { error } = attempt;
  return isUnknownOutcome(error) ? { outcome: 'timeout' } : { outcome: 'failure', error };
}

/** What the callee has read for this request counts as shown by it. */
function mergeSession(reading: Reading, trailers: Metadata): void {
  const [token] = trailers.get(sessionKey);
  if (token !== undefined) reading.merge(token.toString());
}

function isUnknownOutcome({ code }: ServiceError): boolean {
  return isNoAnswer(code) || code === GrpcStatus.CANCELLED;
}
