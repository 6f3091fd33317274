import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import {
  MembershipClient,
  type Heartbeat,
  type MembershipView as WireView,
} from '#generated/tristate/membership/v1/membership.js';
import type { ProcessConfig } from '../config/process-config.js';
import type { GrpcClients } from '../grpc/grpc-client.js';
import { StreamChannel, waitingForReady } from '../grpc/stream-channel.js';
import type { Logger } from '../logging/logger.js';
import type { MembershipView } from './members-view.js';
import { fromWire } from './view.js';

interface SenderParts {
  readonly config: ProcessConfig;
  /** HOST:PORT of the registry. */
  readonly registry: string;
  readonly clients: GrpcClients;
  readonly view: MembershipView;
  /** Requests that this process works on. */
  readonly inFlight: () => number;
  /** Whether it is asked for more than it can do. */
  readonly isUnderPressure: () => boolean;
  readonly logger: Logger;
}

/** Beats that the registry has not taken yet; more would tell it nothing. */
const mostUnsent = 16;

/** How often the event loop is looked at, which is also how late it seems when it is not late at all. */
const loopResolutionMs = 20;

/** Tells the registry at regular times that this process lives, and takes over what the registry tells of the others. */
export class HeartbeatSender {
  private readonly incarnation = Math.round(performance.timeOrigin);
  private readonly loop = monitorEventLoopDelay({ resolution: loopResolutionMs });
  private channel: StreamChannel<Heartbeat, WireView> | undefined;
  private timer: NodeJS.Timeout | undefined;
  private usage = process.cpuUsage();
  private usageAtMs = performance.now();
  private leaving = false;

  constructor(private readonly parts: SenderParts) {}

  /** From now on this process may be sent requests. */
  start(): void {
    const { clients, registry, config, view, logger } = this.parts;
    const client = clients.connect(MembershipClient, [registry]);
    this.loop.enable();
    this.channel = new StreamChannel<Heartbeat, WireView>(
      {
        address: registry,
        client,
        open: () => client.join(waitingForReady(clients.metadata())),
        opened: () => this.beat(),
        receive: (told) => view.take(fromWire(told)),
      },
      logger,
    );
    this.timer = setInterval(() => this.beat(), config.heartbeat.intervalMs);
    this.timer.unref();
  }

  /** Whether the registry hears what this process says. */
  get isHeard(): boolean {
    return this.channel?.isOpen === true;
  }

  /** Tells everybody by way of the registry to send nothing more. Beats go on, so that nobody takes it for dead. */
  leave(): void {
    this.leaving = true;
    this.beat();
  }

  close(): void {
    clearInterval(this.timer);
    this.loop.disable();
    this.channel?.close();
  }

  private beat(): void {
    const { channel } = this;
    if (channel?.isOpen !== true || channel.unsent >= mostUnsent) return;
    const { config, inFlight, isUnderPressure } = this.parts;
    const { http, grpc, advertisedHost } = config;
    channel.write({
      name: config.name,
      service: config.service,
      incarnation: this.incarnation,
      httpAddress: `${advertisedHost}:${http.port}`,
      grpcAddress: grpc === undefined ? '' : `${advertisedHost}:${grpc.port}`,
      version: config.version,
      load: this.load(),
      inFlight: inFlight(),
      eventLoopLagMs: this.eventLoopLagMs(),
      leaving: this.leaving,
      underPressure: isUnderPressure(),
    });
  }

  /** Of one core, since the last beat. */
  private load(): number {
    const nowMs = performance.now();
    const { user, system } = process.cpuUsage(this.usage);
    const passedMs = nowMs - this.usageAtMs;
    this.usage = process.cpuUsage();
    this.usageAtMs = nowMs;
    return passedMs <= 0 ? 0 : Math.min(1, (user + system) / 1000 / passedMs);
  }

  /** The longest since the last beat. */
  private eventLoopLagMs(): number {
    const longestMs = this.loop.max / 1e6;
    this.loop.reset();
    return Math.max(0, Math.round((longestMs - loopResolutionMs) * 10) / 10);
  }
}
