import {
  CoordinatorClient,
  ExecuteReply_Outcome as Outcome,
  type ExecuteReply,
  type ExecuteRequest,
} from '#generated/tristate/coordinator/v1/coordinator.js';
import { Protocol } from '#generated/tristate/transaction/v1/transaction.js';
import type { GrpcClients } from '../grpc/grpc-client.js';
import { StreamChannel, waitingForReady } from '../grpc/stream-channel.js';
import { currentScope } from '../logging/correlation.js';
import type { Logger } from '../logging/logger.js';
import { startTimer, type Metrics } from '../metrics/metrics.js';
import type { Trace } from '../trace/trace.js';

/** How asking the coordinator ends. It never fails: without an answer nobody knows what became of the transaction. */
export type ExecuteResult = { outcome: 'success'; reply: ExecuteReply } | { outcome: 'timeout' };

/** What a caller asks for; who sends it, when, and for which request is added here. */
export type Ask = Omit<ExecuteRequest, 'correlationId' | 'sender' | 'sentAtUs'>;

type Channel = StreamChannel<ExecuteRequest, ExecuteReply>;

interface Call {
  readonly ask: Ask;
  readonly correlationId: string;
  readonly resolve: (result: ExecuteResult) => void;
  readonly timer: NodeJS.Timeout;
  /** Undefined while there is nobody to send it to. */
  sentOn: Channel | undefined;
  sentBefore: boolean;
}

/** Calls that wait for a coordinator to appear; more end at once. */
const mostUnsent = 1_024;

interface ChannelsParts {
  readonly clients: GrpcClients;
  /** Of every coordinator; the active one alone takes streams. */
  readonly addresses: readonly string[];
  readonly trace: Trace;
  readonly metrics: Metrics;
  readonly logger: Logger;
}

/**
 * A service's streams to the coordinators. Messages go to the one that took its stream last: a coordinator that has
 * been replaced may not know it yet. What the one before was asked for is asked again, so that an order survives a
 * takeover within its deadline. Several calls can wait for the same transaction; each has a deadline of its own.
 */
export class CoordinatorChannels {
  private readonly channels: Channel[];
  private active: Channel | undefined;
  private readonly calls = new Map<string, Set<Call>>();
  private unsent = 0;

  constructor(private readonly parts: ChannelsParts) {
    this.channels = parts.addresses.map((address) => this.connect(address));
  }

  /** Asks for a transaction and waits for its outcome until `deadlineAtMs` (epoch milliseconds). */
  async execute(ask: Ask, deadlineAtMs: number): Promise<ExecuteResult> {
    const elapsed = startTimer();
    const result = await this.call(ask, deadlineAtMs);
    this.parts.metrics.grpcClient.observe(
      { method: 'Coordinator/Execute', outcome: result.outcome },
      elapsed(),
    );
    return result;
  }

  close(): void {
    for (const call of this.allCalls()) this.end(call, { outcome: 'timeout' });
    for (const channel of this.channels) channel.close();
  }

  private call(ask: Ask, deadlineAtMs: number): Promise<ExecuteResult> {
    if (this.active === undefined && this.unsent >= mostUnsent)
      return Promise.resolve({ outcome: 'timeout' });
    return new Promise((resolve) => {
      const leftMs = Math.max(0, deadlineAtMs - Date.now());
      const call: Call = {
        ask,
        correlationId: currentScope()?.correlationId ?? ask.gid,
        resolve,
        timer: setTimeout(() => this.end(call, { outcome: 'timeout' }), leftMs),
        sentOn: undefined,
        sentBefore: false,
      };
      this.unsent += 1;
      const others = this.calls.get(ask.gid);
      if (others === undefined) this.calls.set(ask.gid, new Set([call]));
      else others.add(call);
      if (this.active !== undefined) this.send(call, this.active);
    });
  }

  private send(call: Call, channel: Channel): void {
    const { ask, correlationId, sentBefore } = call;
    const { trace } = this.parts;
    const sentAtUs = trace.note(ask.gid, correlationId, {
      kind: 'sent',
      message: 'execute',
      to: channel.peer,
    });
    const resumed = ask.resumed || sentBefore;
    if (call.sentOn === undefined) this.unsent -= 1;
    call.sentOn = channel;
    call.sentBefore = true;
    channel.write({ ...ask, resumed, correlationId, sender: trace.process, sentAtUs });
  }

  private connect(address: string): Channel {
    const { clients, logger } = this.parts;
    const client = clients.connect(CoordinatorClient, [address]);
    const channel: Channel = new StreamChannel(
      {
        address,
        client,
        open: () => client.execute(waitingForReady(clients.metadata())),
        opened: () => this.opened(channel),
        receive: (reply) => this.take(reply),
        lost: () => this.lost(channel),
      },
      logger,
    );
    return channel;
  }

  private opened(channel: Channel): void {
    this.active = channel;
    for (const call of this.allCalls()) {
      if (call.sentOn === undefined || isRepeatable(call)) this.send(call, channel);
    }
  }

  private lost(channel: Channel): void {
    if (this.active === channel) this.active = this.channels.find(({ isOpen }) => isOpen);
    for (const call of this.allCalls()) {
      if (call.sentOn !== channel) continue;
      if (!isRepeatable(call)) this.end(call, { outcome: 'timeout' });
      else if (this.active !== undefined) this.send(call, this.active);
      else if (this.unsent >= mostUnsent) this.end(call, { outcome: 'timeout' });
      else {
        call.sentOn = undefined;
        this.unsent += 1;
      }
    }
  }

  private take(reply: ExecuteReply): void {
    const { gid, sender: from, sentAtUs, outcome, code } = reply;
    const [first] = this.calls.get(gid) ?? [];
    const text = outcome === Outcome.ABORTED ? `aborted ${code}` : Outcome[outcome].toLowerCase();
    const correlationId = first?.correlationId ?? gid;
    this.parts.trace.received(gid, correlationId, { message: `execute: ${text}`, from, sentAtUs });
    for (const call of this.calls.get(gid) ?? []) this.end(call, { outcome: 'success', reply });
  }

  private end(call: Call, result: ExecuteResult): void {
    clearTimeout(call.timer);
    if (call.sentOn === undefined) this.unsent -= 1;
    const others = this.calls.get(call.ask.gid);
    others?.delete(call);
    if (others?.size === 0) this.calls.delete(call.ask.gid);
    call.resolve(result);
  }

  private allCalls(): Call[] {
    return [...this.calls.values()].flatMap((calls) => [...calls]);
  }
}

/** Without a protocol nobody asks twice: that is what the baseline shows. */
function isRepeatable({ ask }: Call): boolean {
  return ask.protocol !== Protocol.NONE;
}
