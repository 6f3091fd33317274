import { HybridClock } from './hybrid-clock.js';
import type { ProtocolEvent, What } from './protocol-event.js';

/** Takes the events of a process; `correlationId` tells whether somebody is watching this request. */
export type EventSink = (event: ProtocolEvent, correlationId: string) => void;

/** A process's part of every space-time diagram: its clock, and what it notes down. */
export class Trace {
  readonly clock: HybridClock;

  constructor(
    readonly process: string,
    private readonly sink: EventSink = () => undefined,
    clock = new HybridClock(),
  ) {
    this.clock = clock;
  }

  /**
   * Notes an event down.
   *
   * @param atUs when it was; now when left out
   * @returns its time, which goes with a message that is sent
   */
  note(gid: string, correlationId: string, what: What, atUs = this.clock.tick()): number {
    this.sink({ gid, process: this.process, atUs, what }, correlationId);
    return atUs;
  }

  /** Notes that a message has come. */
  received(
    gid: string,
    correlationId: string,
    message: { message: string; branch?: number; from: string; sentAtUs: number },
  ): void {
    this.note(gid, correlationId, { kind: 'received', ...message }, this.clock.receive(message.sentAtUs));
  }
}
