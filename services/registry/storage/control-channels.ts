import {
  ControlClient,
  type ControlReport,
  type ControlState,
  type FaultActed,
} from '#generated/tristate/control/v1/control.js';
import type { GrpcClients } from '#platform/grpc/grpc-client.js';
import { StreamChannel, waitingForReady } from '#platform/grpc/stream-channel.js';
import type { Logger } from '#platform/logging/logger.js';
import type { ProtocolEvent } from '#platform/trace/protocol-event.js';
import type { Target } from '../domain/targets.js';
import { parseEvents } from './parse-events.js';

/** What the processes are to be told, and what becomes of what they tell. */
export interface ControlSource {
  stateOf(process: string): Pick<ControlState, 'faults' | 'tracedCorrelationIds' | 'settings'>;
  attached(process: string): void;
  /** The process may be gone; its faults certainly are. */
  detached(process: string): void;
  faultActed(process: string, acted: FaultActed): void;
  happened(events: readonly ProtocolEvent[]): void;
}

/** How long a change waits for processes that do not answer: a paused one will take it over when it wakes up. */
const appliedMs = 1_000;
const readEventsMs = 500;

/** The version of a process's state before it was sent any. */
const unknown = -1;

interface Attachment {
  readonly target: Target;
  readonly client: ControlClient;
  readonly channel: StreamChannel<ControlState, ControlReport>;
  /** The latest version of the state that the process was sent, and that it has put in force. */
  sent: number;
  applied: number;
}

interface Waiting {
  readonly version: number;
  readonly resolve: () => void;
}

/** The registry's streams to the processes in which faults can act: one to each. */
export class ControlChannels {
  private readonly attachments: Attachment[];
  private version = 0;
  private readonly waiting = new Set<Waiting>();

  constructor(
    private readonly clients: GrpcClients,
    targets: readonly Target[],
    private readonly source: ControlSource,
    private readonly logger: Logger,
  ) {
    this.attachments = targets.map((target) => this.attach(target));
  }

  /**
   * Tells every process how things stand now. One that has not put in force what it was sent last is told when it has, so
   * that nothing piles up before a process that is paused.
   */
  push(): void {
    this.version += 1;
    for (const attachment of this.attachments) {
      if (attachment.sent === attachment.applied) this.send(attachment);
    }
  }

  /**
   * Waits until every process that can be reached has put in force what was pushed, but no longer than a second.
   *
   * @returns the processes that have not
   */
  async applied(): Promise<string[]> {
    const { version } = this;
    if (!this.isApplied(version)) await this.waitFor(version);
    return this.attachments
      .filter(({ applied, channel }) => !channel.isOpen || applied < version)
      .map(({ target }) => target.name);
  }

  /** What the processes remember of a transaction, and which of them could not be asked. */
  async readEvents(gid: string): Promise<{ events: ProtocolEvent[]; unreachable: string[] }> {
    const replies = await Promise.all(
      this.attachments.map(async ({ client, target }) => {
        const method = client.readEvents.bind(client);
        const deadlineAtMs = Date.now() + readEventsMs;
        const result = await this.clients.call('Control/ReadEvents', method, { gid }, deadlineAtMs);
        return result.outcome === 'success' ? parseEvents(result.reply.events) : target.name;
      }),
    );
    return {
      events: replies.flatMap((reply) => (typeof reply === 'string' ? [] : reply)),
      unreachable: replies.filter((reply) => typeof reply === 'string'),
    };
  }

  close(): void {
    for (const { channel } of this.attachments) channel.close();
    this.settle();
  }

  private attach(target: Target): Attachment {
    const client = this.clients.connect(ControlClient, [target.grpcAddress]);
    const attachment: Attachment = {
      target,
      client,
      sent: unknown,
      applied: unknown,
      channel: new StreamChannel(
        {
          address: target.grpcAddress,
          client,
          open: () => client.attach(waitingForReady(this.clients.metadata())),
          opened: () => {
            this.source.attached(target.name);
            this.send(attachment);
          },
          receive: (report: ControlReport) => this.receive(attachment, report),
          lost: () => {
            attachment.sent = unknown;
            attachment.applied = unknown;
            this.source.detached(target.name);
            this.settle();
          },
        },
        this.logger,
      ),
    };
    return attachment;
  }

  private send(attachment: Attachment, acknowledged: number[] = []): void {
    const { channel, target } = attachment;
    if (!channel.isOpen) return;
    attachment.sent = this.version;
    channel.write({ version: this.version, ...this.source.stateOf(target.name), acknowledged });
  }

  private receive(attachment: Attachment, { report, number }: ControlReport): void {
    switch (report?.$case) {
      case 'applied':
        attachment.applied = report.applied;
        if (report.applied < this.version && report.applied === attachment.sent) this.send(attachment);
        this.settle();
        break;
      case 'faultActed':
        this.source.faultActed(attachment.target.name, report.faultActed);
        break;
      case 'events':
        this.source.happened(parseEvents(report.events.events));
        break;
      case undefined:
        break;
    }
    if (number !== 0) this.send(attachment, [number]);
  }

  private isApplied(version: number): boolean {
    return this.attachments.every(({ applied, channel }) => !channel.isOpen || applied >= version);
  }

  private waitFor(version: number): Promise<void> {
    return new Promise((done) => {
      const resolve = (): void => {
        clearTimeout(timer);
        this.waiting.delete(waiting);
        done();
      };
      const waiting = { version, resolve };
      const timer = setTimeout(resolve, appliedMs);
      this.waiting.add(waiting);
    });
  }

  private settle(): void {
    for (const { version, resolve } of this.waiting) if (this.isApplied(version)) resolve();
  }
}
