import type { ClientDuplexStream } from '@grpc/grpc-js';
import {
  BranchReply_Result as Result,
  ParticipantClient,
  Phase as WirePhase,
  type BranchReply,
  type BranchRequest,
} from '#generated/tristate/participant/v1/participant.js';
import type { Phase } from '#protocols/commit/messages.js';
import type { GrpcClients } from '../grpc/grpc-client.js';
import type { Logger } from '../logging/logger.js';
import type { BranchMessage, BranchSender } from '../runtime/transaction-runtime.js';
import { actionOwner } from './branch-handler.js';

export type BranchAnswer = { branch: number; phase: Phase } & ({ type: 'done' } | { type: 'refused'; code: string });

const wirePhase: Record<Phase, WirePhase> = {
  apply: WirePhase.APPLY,
  cancel: WirePhase.CANCEL,
  prepare: WirePhase.PREPARE,
  commit: WirePhase.COMMIT,
  abort: WirePhase.ABORT,
};
const phaseOfWire = new Map(Object.entries(wirePhase).map(([phase, wire]) => [wire, phase as Phase]));

const reopenAfterMs = 100;

/**
 * The coordinator's streams to all participants: one to each process, messages in turn over those that are open.
 * What is sent while none is open, or is under way when one breaks, is lost; the protocols send it again.
 */
export class ParticipantChannels implements BranchSender {
  private readonly channels = new Map<string, Channel[]>();
  private readonly next = new Map<string, number>();

  /** @param addresses of each service's processes */
  constructor(
    clients: GrpcClients,
    addresses: ReadonlyMap<string, readonly string[]>,
    receive: (gid: string, answer: BranchAnswer) => void,
    logger: Logger,
  ) {
    for (const [service, processes] of addresses) {
      const channels = processes.map((address) => new Channel(clients, address, receive, logger));
      this.channels.set(service, channels);
    }
  }

  send(message: BranchMessage): void {
    const { gid, branch, phase, attempt, code, action, correlationId } = message;
    if (action.action === undefined) return;
    this.pick(actionOwner[action.action.$case])?.write({
      gid,
      branch,
      phase: wirePhase[phase],
      action,
      attempt,
      code,
      correlationId,
    });
  }

  close(): void {
    for (const channels of this.channels.values()) for (const channel of channels) channel.close();
  }

  private pick(service: string): Channel | undefined {
    const open = (this.channels.get(service) ?? []).filter((channel) => channel.isOpen);
    const turn = this.next.get(service) ?? 0;
    this.next.set(service, turn + 1);
    return open[turn % open.length];
  }
}

/** One stream to one process, opened again whenever it breaks. */
class Channel {
  isOpen = false;
  private readonly client: ParticipantClient;
  private stream: ClientDuplexStream<BranchRequest, BranchReply> | undefined;
  private reopening: NodeJS.Timeout | undefined;
  private closed = false;

  constructor(
    private readonly clients: GrpcClients,
    private readonly address: string,
    private readonly receive: (gid: string, answer: BranchAnswer) => void,
    private readonly logger: Logger,
  ) {
    this.client = clients.connect(ParticipantClient, [address]);
    this.open();
  }

  write(request: BranchRequest): void {
    this.stream?.write(request);
  }

  close(): void {
    this.closed = true;
    clearTimeout(this.reopening);
    this.stream?.end();
    this.client.close();
  }

  private open(): void {
    const metadata = this.clients.metadata();
    metadata.setOptions({ waitForReady: true });
    const stream = this.client.exchange(metadata);
    this.stream = stream;
    // The participant sends its headers as soon as it has the stream.
    stream.on('metadata', () => {
      this.isOpen = true;
      this.logger.debug({ address: this.address }, 'participant connected');
    });
    stream.on('data', (reply: BranchReply) => this.take(reply));
    // 'error' comes before 'end' or 'close' when the connection broke; either way there is a new stream to open.
    stream.on('error', () => this.reopen(stream));
    stream.on('end', () => this.reopen(stream));
  }

  private reopen(broken: ClientDuplexStream<BranchRequest, BranchReply>): void {
    if (this.stream !== broken || this.closed) return;
    if (this.isOpen) this.logger.warn({ address: this.address }, 'participant lost');
    this.isOpen = false;
    this.stream = undefined;
    this.reopening = setTimeout(() => this.open(), reopenAfterMs);
  }

  private take({ gid, branch, phase: wire, result, code }: BranchReply): void {
    const phase = phaseOfWire.get(wire);
    if (phase === undefined) return;
    if (result === Result.DONE) this.receive(gid, { type: 'done', branch, phase });
    else if (result === Result.REFUSED) this.receive(gid, { type: 'refused', branch, phase, code });
  }
}
