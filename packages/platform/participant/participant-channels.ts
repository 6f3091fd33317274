import {
  BranchReply_Result as Result,
  ParticipantClient,
  Phase as WirePhase,
  type BranchReply,
  type BranchRequest,
} from '#generated/tristate/participant/v1/participant.js';
import type { Phase } from '#protocols/commit/messages.js';
import type { GrpcClients } from '../grpc/grpc-client.js';
import { RoundRobin, StreamChannel, waitingForReady } from '../grpc/stream-channel.js';
import type { Logger } from '../logging/logger.js';
import type { BranchMessage, BranchSender } from '../runtime/transaction-runtime.js';
import { actionOwner } from './branch-handler.js';

export type BranchAnswer = { branch: number; phase: Phase } & (
  { type: 'done' } | { type: 'refused'; code: string }
);

const wirePhase: Record<Phase, WirePhase> = {
  apply: WirePhase.APPLY,
  cancel: WirePhase.CANCEL,
  prepare: WirePhase.PREPARE,
  commit: WirePhase.COMMIT,
  abort: WirePhase.ABORT,
};
const phaseOfWire = new Map(Object.entries(wirePhase).map(([phase, wire]) => [wire, phase as Phase]));

type Channel = StreamChannel<BranchRequest, BranchReply>;

/**
 * The coordinator's streams to all participants: one to each process, messages in turn over those that are open.
 * What is sent while none is open, or is under way when one breaks, is lost; the protocols send it again.
 */
export class ParticipantChannels implements BranchSender {
  private readonly channels: Channel[] = [];
  private readonly ofService = new Map<string, RoundRobin<Channel>>();

  /** @param addresses of each service's processes */
  constructor(
    clients: GrpcClients,
    addresses: ReadonlyMap<string, readonly string[]>,
    private readonly receive: (gid: string, answer: BranchAnswer) => void,
    logger: Logger,
  ) {
    for (const [service, processes] of addresses) {
      const channels = processes.map((address) => this.connect(clients, address, logger));
      this.channels.push(...channels);
      this.ofService.set(service, new RoundRobin(channels));
    }
  }

  send({ gid, branch, phase, attempt, code, action, correlationId }: BranchMessage): void {
    if (action.action === undefined) return;
    const channel = this.ofService.get(actionOwner[action.action.$case])?.next();
    channel?.write({ gid, branch, phase: wirePhase[phase], action, attempt, code, correlationId });
  }

  close(): void {
    for (const channel of this.channels) channel.close();
  }

  private connect(clients: GrpcClients, address: string, logger: Logger): Channel {
    const client = clients.connect(ParticipantClient, [address]);
    const open = () => client.exchange(waitingForReady(clients.metadata()));
    return new StreamChannel({ address, client, open, receive: (reply) => this.take(reply) }, logger);
  }

  private take({ gid, branch, phase: wire, result, code }: BranchReply): void {
    const phase = phaseOfWire.get(wire);
    if (phase === undefined) return;
    if (result === Result.DONE) this.receive(gid, { type: 'done', branch, phase });
    else if (result === Result.REFUSED) this.receive(gid, { type: 'refused', branch, phase, code });
  }
}
