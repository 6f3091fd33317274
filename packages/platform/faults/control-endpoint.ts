import { Metadata, type ServerDuplexStream } from '@grpc/grpc-js';
import {
  ControlService,
  type ControlReport,
  type ControlServer,
  type ControlState,
  type ReadEventsReply,
  type ReadEventsRequest,
} from '#generated/tristate/control/v1/control.js';
import type { GrpcServer } from '../grpc/grpc-server.js';
import { unary } from '../grpc/unary-handler.js';
import type { Logger } from '../logging/logger.js';
import type { Settings } from '../settings/settings.js';
import type { EventRecorder } from '../trace/event-recorder.js';
import type { ProtocolEvent } from '../trace/protocol-event.js';
import type { ActiveFaults } from './active-faults.js';

type ControlStream = ServerDuplexStream<ControlState, ControlReport>;

/** How long a process that is about to die waits for the registry to know why. */
const acknowledgementMs = 300;

/** What one message of events may hold. */
const mostEventsAtOnce = 512;

/** Reports that wait to be sent; more are lost, since the registry does not read them. */
const mostUnsent = 1_024;

/** A process's side of the control stream: puts faults and traces in force, and tells what happened. */
export class ControlEndpoint {
  /** The registry's latest stream: an older one may not know yet that it is broken. */
  private stream: ControlStream | undefined;
  private lastNumber = 0;
  private readonly waiting = new Map<number, () => void>();

  constructor(
    private readonly faults: ActiveFaults,
    private readonly recorder: EventRecorder,
    private readonly settings: Settings,
    private readonly logger: Logger,
  ) {
    faults.reportTo((fault, gid, atUs, mustArrive) => {
      // What led to the act is told before it.
      recorder.flush();
      return this.tell(fault.id, gid, atUs, mustArrive);
    });
  }

  attach(stream: ControlStream): void {
    this.end();
    this.stream = stream;
    // The headers tell the registry that the stream is open.
    stream.sendMetadata(new Metadata());
    stream.on('data', (state: ControlState) => {
      if (this.stream === stream) this.apply(stream, state);
    });
    const ended = (): void => {
      if (this.stream === stream) this.end();
    };
    stream.on('end', () => {
      ended();
      stream.end();
    });
    stream.on('error', ended);
    stream.on('close', ended);
    stream.on('cancelled', ended);
  }

  readEvents({ gid }: ReadEventsRequest): ReadEventsReply {
    return { events: this.recorder.eventsOf(gid).map((event) => JSON.stringify(event)) };
  }

  drain(): void {
    this.stream?.end();
    this.end();
  }

  private apply(stream: ControlStream, state: ControlState): void {
    for (const number of state.acknowledged) this.waiting.get(number)?.();
    this.faults.replace(state.faults);
    this.applySettings(state.settings);
    this.recorder.watch(state.tracedCorrelationIds, (events) => report(stream, events));
    stream.write({ report: { $case: 'applied', applied: state.version }, number: 0 });
  }

  private applySettings(json: string): void {
    try {
      this.settings.apply(json);
    } catch (error) {
      this.logger.warn({ err: error }, 'settings of another version were not taken over');
    }
  }

  /** Without the registry nobody could take a fault back, so none may stay. */
  private end(): void {
    if (this.stream === undefined) return;
    this.stream = undefined;
    if (this.faults.size > 0) this.logger.info('the control stream ended, and all faults with it');
    this.faults.clear();
    this.settings.apply('');
    this.recorder.watch([], undefined);
    for (const resolve of this.waiting.values()) resolve();
  }

  private tell(faultId: string, gid: string, atUs: number, mustArrive: boolean): Promise<void> {
    const { stream } = this;
    if (stream === undefined) return Promise.resolve();
    if (stream.writableLength >= mostUnsent) return Promise.resolve();
    const number = mustArrive ? (this.lastNumber += 1) : 0;
    stream.write({ report: { $case: 'faultActed', faultActed: { faultId, gid, atUs } }, number });
    return number === 0 ? Promise.resolve() : this.acknowledged(number);
  }

  private acknowledged(number: number): Promise<void> {
    return new Promise((resolve) => {
      const finish = (): void => {
        clearTimeout(timer);
        this.waiting.delete(number);
        resolve();
      };
      const timer = setTimeout(finish, acknowledgementMs);
      this.waiting.set(number, finish);
    });
  }
}

function report(stream: ControlStream, events: readonly ProtocolEvent[]): void {
  if (stream.writableLength >= mostUnsent) return;
  for (let from = 0; from < events.length; from += mostEventsAtOnce) {
    const batch = events.slice(from, from + mostEventsAtOnce).map((event) => JSON.stringify(event));
    stream.write({ report: { $case: 'events', events: { events: batch } }, number: 0 });
  }
}

export function serveControl(server: GrpcServer, endpoint: ControlEndpoint): void {
  const implementation: ControlServer = {
    attach: (stream) => endpoint.attach(stream),
    readEvents: unary<ReadEventsRequest, ReadEventsReply>((request) =>
      Promise.resolve(endpoint.readEvents(request)),
    ),
  };
  server.add(ControlService, implementation, endpoint);
}
