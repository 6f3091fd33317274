import {
  BranchReply_Result as Result,
  ParticipantClient,
  Phase as WirePhase,
  type BranchReply,
  type BranchRequest,
} from '#generated/tristate/participant/v1/participant.js';
import type { Branch } from '#generated/tristate/transaction/v1/transaction.js';
import type { Phase } from '#protocols/commit/messages.js';
import type { Failpoints } from '../faults/failpoints.js';
import { messageCopies } from '../faults/message-copies.js';
import type { GrpcClients } from '../grpc/grpc-client.js';
import { ServiceChannels } from '../grpc/balancing/service-channels.js';
import { StreamChannel, waitingForReady } from '../grpc/stream-channel.js';
import type { Logger } from '../logging/logger.js';
import type { Metrics } from '../metrics/metrics.js';
import {
  describe,
  type BranchEvent,
  type BranchMessage,
  type BranchSender,
  type Transaction,
} from '../runtime/transaction-runtime.js';
import type { Trace } from '../trace/trace.js';
import { actionOwner } from './branch-handler.js';
import { toPhase, wirePhase } from './wire-phase.js';

/** What a participant says unasked of a branch of its own. */
export interface BranchInquiry {
  readonly gid: string;
  readonly branch: number;
  /** What it has answered yes to and waits after; undefined when it does not say. */
  readonly phase: Phase | undefined;
  /** The process. */
  readonly from: string;
  /** Sends the decision to the service that asked; it needs no action for it. */
  tell(phase: Phase, code: string): void;
}

/** Where the answers go. */
export interface BranchInbox {
  receive(gid: string, answer: BranchEvent): void;
  /** On whose behalf a transaction runs; undefined when it is not under way. */
  correlationOf(gid: string): string | undefined;
  /** A participant has not acted upon a message. */
  turnedAway(gid: string, code: string): void;
  /** The answer to what sendRepair asked for; one to `cancel` comes as that of a transaction. */
  redone(gid: string, branch: number, result: 'done' | 'refused'): void;
  /** A branch has waited for a decision for long. */
  inDoubt(inquiry: BranchInquiry): void;
  /** 3PC: a branch of a transaction that is not under way has decided by itself. */
  decidedAlone(inquiry: BranchInquiry, outcome: 'committed' | 'aborted'): void;
}

type Channel = StreamChannel<BranchRequest, BranchReply>;

interface ChannelsParts {
  readonly clients: GrpcClients;
  readonly services: readonly string[];
  readonly inbox: BranchInbox;
  /** The term of the coordinator that sends. */
  readonly term: number;
  readonly failpoints: Failpoints;
  readonly trace: Trace;
  readonly metrics: Metrics;
  readonly logger: Logger;
}

/** Opening a stream takes some ms; a takeover must not wait longer for a process that is gone. */
const readyWithinMs = 250;

/**
 * The coordinator's streams to all participants: one to each process, and each message to the one that the strategy chooses.
 * What is sent while none is open, or is under way when one breaks, is lost; the protocols send it again.
 */
export class ParticipantChannels implements BranchSender {
  private readonly ofService = new Map<string, ServiceChannels<Channel>>();
  private readonly waiting = new Set<() => void>();

  constructor(private readonly parts: ChannelsParts) {
    const { clients, metrics } = parts;
    const { callees, self } = clients;
    for (const service of parts.services) {
      const connect = (address: string): Channel => this.connect(address, service);
      this.ofService.set(service, new ServiceChannels({ service, callees, self, connect, metrics }));
    }
  }

  send(message: BranchMessage): Promise<void> | undefined {
    const hit = this.parts.failpoints.hit(`coordinator.${message.phase}.before-send`, message);
    if (hit === undefined) return this.write(message, 1);
    return messageCopies(hit).then((copies) => this.write(message, copies));
  }

  /** A message outside of every protocol: it brings a branch that has ended differently to the others' end. */
  sendRepair(
    { gid, branches, correlationId }: Transaction,
    branch: number,
    phase: 'redo' | 'cancel',
    code: string,
  ): void {
    const action = branches[branch];
    if (action?.action === undefined) return;
    const service = actionOwner[action.action.$case];
    const channel = this.ofService.get(service)?.choose(keyOf(action, gid));
    const message = { gid, branch, phase, attempt: 2, code, correlationId };
    channel?.write(this.request(message, action, channel.peer));
  }

  /**
   * Resolves when all streams are open, and without those of processes that are not there after a while. What is sent
   * before is lost, and sent again only after a second.
   */
  ready(): Promise<void> {
    if (this.allOpen()) return Promise.resolve();
    return new Promise((resolve) => {
      this.waiting.add(resolve);
      setTimeout(resolve, readyWithinMs).unref();
    });
  }

  private opened(): void {
    if (!this.allOpen()) return;
    for (const resolve of this.waiting) resolve();
    this.waiting.clear();
  }

  private allOpen(): boolean {
    return [...this.ofService.values()].every(({ all }) => all.every(({ isOpen }) => isOpen));
  }

  close(): void {
    for (const channels of this.ofService.values()) channels.close();
  }

  private write(message: BranchMessage, copies: number): undefined {
    const { action } = message.action;
    if (action === undefined || copies === 0) return;
    const service = actionOwner[action.$case];
    const channels = this.ofService.get(service);
    const channel = channels?.choose(keyOf(message.action, message.gid));
    const request = this.request(message, message.action, channel?.peer ?? service);
    if (channel === undefined) return;
    channels?.noteSent(channel, () => messageId(request));
    for (let copy = 0; copy < copies; copy += 1) channel.write(request);
  }

  private request(
    message: Omit<BranchMessage, 'action' | 'phase'> & { readonly phase: Phase | 'redo' },
    action: Branch | undefined,
    to: string,
  ): BranchRequest {
    const { gid, branch, phase, attempt, code, correlationId } = message;
    const { trace, term } = this.parts;
    const sentAtUs = trace.note(gid, correlationId, { kind: 'sent', message: phase, branch, attempt, to });
    return {
      gid,
      branch,
      phase: phase === 'redo' ? WirePhase.REDO : wirePhase[phase],
      action,
      attempt,
      code,
      correlationId,
      term,
      sender: trace.process,
      sentAtUs,
    };
  }

  private connect(address: string, service: string): Channel {
    const { clients, logger } = this.parts;
    const client = clients.connect(ParticipantClient, [address]);
    const open = () => client.exchange(waitingForReady(clients.metadata()));
    const channel: Channel = new StreamChannel(
      {
        address,
        client,
        open,
        opened: () => this.opened(),
        receive: (reply) => {
          this.ofService.get(service)?.noteAnswered(() => messageId(reply));
          this.take(channel, reply);
        },
      },
      logger,
    );
    return channel;
  }

  private take(channel: Channel, reply: BranchReply): void {
    const { gid, branch, sender, sentAtUs } = reply;
    if (reply.result === Result.INVALID) return this.turnedAway(reply);
    if (reply.result === Result.IN_DOUBT || reply.result === Result.DECIDED_ALONE)
      return this.takeUnasked(channel, reply);
    if (reply.phase === WirePhase.REDO) return this.takeRedone(reply);
    const phase = toPhase(reply.phase);
    const answer = toEvent(reply);
    if (phase === undefined || answer === undefined) return;
    const { inbox, failpoints, trace } = this.parts;
    const correlationId = inbox.correlationOf(gid) ?? gid;
    trace.received(gid, correlationId, { message: describe(answer), branch, from: sender, sentAtUs });
    const hit = failpoints.hit(`coordinator.${phase}.after-receive`, { gid, correlationId });
    if (hit === undefined) inbox.receive(gid, answer);
    else {
      void messageCopies(hit).then((copies) => {
        for (let copy = 0; copy < copies; copy += 1) inbox.receive(gid, answer);
      });
    }
  }

  private takeRedone({ gid, branch, result, code, sender: from, sentAtUs }: BranchReply): void {
    const { inbox, trace } = this.parts;
    const said = result === Result.DONE ? 'done' : `refused ${code}`;
    trace.received(gid, inbox.correlationOf(gid) ?? gid, {
      message: `redo: ${said}`,
      branch,
      from,
      sentAtUs,
    });
    inbox.redone(gid, branch, result === Result.DONE ? 'done' : 'refused');
  }

  /** Nothing stands at a failpoint here: what is said unasked is said again, or answered when it is asked for. */
  private takeUnasked(channel: Channel, reply: BranchReply): void {
    const { gid, branch, result, code, sender: from, sentAtUs } = reply;
    const { inbox, trace } = this.parts;
    const phase = toPhase(reply.phase);
    const correlationId = inbox.correlationOf(gid) ?? gid;
    const isInDoubt = result === Result.IN_DOUBT;
    const message = isInDoubt ? `${phase ?? 'branch'}: in doubt` : `decided alone: ${code}`;
    trace.received(gid, correlationId, { message, branch, from, sentAtUs });
    const inquiry: BranchInquiry = {
      gid,
      branch,
      phase,
      from,
      tell: (decision, why) => {
        const answer = { gid, branch, phase: decision, attempt: 2, code: why, correlationId };
        channel.write(this.request(answer, undefined, channel.peer));
      },
    };
    if (isInDoubt) inbox.inDoubt(inquiry);
    else if (code !== 'committed' && code !== 'aborted') return;
    else if (inbox.correlationOf(gid) === undefined) inbox.decidedAlone(inquiry, code);
    else inbox.receive(gid, { type: 'decided-alone', branch, outcome: code });
  }

  private turnedAway({ gid, branch, phase, code, sender: from, sentAtUs }: BranchReply): void {
    const { inbox, trace, metrics, logger } = this.parts;
    const message = `${toPhase(phase) ?? 'unknown'}: invalid ${code}`;
    trace.received(gid, inbox.correlationOf(gid) ?? gid, { message, branch, from, sentAtUs });
    metrics.turnedAway.inc({ code });
    logger.warn({ gid, branch, from, code }, 'a participant has not acted upon a message');
    inbox.turnedAway(gid, code);
  }
}

/** The same in a message and in its answer. */
function messageId({ gid, branch, phase }: BranchRequest | BranchReply): string {
  return `${gid}/${branch}/${phase}`;
}

/** What a branch is about, for `consistent-hash`: messages of one account, or one product, go to one copy. */
function keyOf({ action }: Branch, gid: string): string {
  switch (action?.$case) {
    case 'debitAccount':
      return action.debitAccount.accountId;
    case 'reserveStock':
      return action.reserveStock.items[0]?.sku ?? gid;
    default:
      return gid;
  }
}

function toEvent({ branch, phase: wire, result, code }: BranchReply): BranchEvent | undefined {
  const phase = toPhase(wire);
  if (phase === undefined) return undefined;
  switch (result) {
    case Result.DONE:
      return { type: 'done', branch, phase };
    case Result.REFUSED:
      return { type: 'refused', branch, phase, code };
    default:
      return undefined;
  }
}
