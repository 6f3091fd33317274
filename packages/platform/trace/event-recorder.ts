import type { ProtocolEvent } from './protocol-event.js';

/** The latest events are kept up to whichever limit is met first. */
export const recorderLimits = {
  mostEvents: 8_192,
  mostBytes: 4 * 1024 * 1024,
  mostUnreported: 4_096,
} as const;

type Limits = typeof recorderLimits;

/** Takes events of requests that somebody watches, those of one turn of the event loop together. */
export type EventReporter = (events: readonly ProtocolEvent[]) => void;

/** What a process remembers of its transactions: the latest events of all, and at once those that somebody watches. */
export class EventRecorder {
  private readonly ring: (ProtocolEvent | undefined)[];
  /** Where the next event goes; the oldest one is `kept` places before. */
  private next = 0;
  private kept = 0;
  private bytes = 0;
  private traced: ReadonlySet<string> = new Set();
  private unreported: ProtocolEvent[] = [];
  private report: EventReporter | undefined;

  constructor(private readonly limits: { readonly [Limit in keyof Limits]: number } = recorderLimits) {
    this.ring = new Array<ProtocolEvent | undefined>(limits.mostEvents);
  }

  readonly record = (event: ProtocolEvent, correlationId: string): void => {
    this.keep(event);
    if (this.traced.size > 0 && this.traced.has(correlationId)) this.enqueue(event);
  };

  /** Reports the events of these requests from now on; without a reporter there are none. */
  watch(correlationIds: readonly string[], report: EventReporter | undefined): void {
    this.traced = new Set(report === undefined ? [] : correlationIds);
    this.report = report;
  }

  /** Reports what waits for the end of this turn. */
  flush(): void {
    const events = this.unreported;
    this.unreported = [];
    if (events.length > 0) this.report?.(events);
  }

  /** What is remembered of a transaction, the oldest first. */
  eventsOf(gid: string): ProtocolEvent[] {
    const found: ProtocolEvent[] = [];
    for (let age = this.kept; age > 0; age -= 1) {
      const event = this.ring[this.placeOf(age)];
      if (event?.gid === gid) found.push(event);
    }
    return found;
  }

  private keep(event: ProtocolEvent): void {
    const { mostEvents, mostBytes } = this.limits;
    if (this.kept === mostEvents) this.dropOldest();
    this.ring[this.next] = event;
    this.next = (this.next + 1) % mostEvents;
    this.kept += 1;
    this.bytes += sizeOf(event);
    while (this.bytes > mostBytes && this.kept > 1) this.dropOldest();
  }

  private dropOldest(): void {
    const place = this.placeOf(this.kept);
    const oldest = this.ring[place];
    if (oldest !== undefined) this.bytes -= sizeOf(oldest);
    this.ring[place] = undefined;
    this.kept -= 1;
  }

  /** @param age 1 for the latest event */
  private placeOf(age: number): number {
    const { mostEvents } = this.limits;
    return (this.next - age + mostEvents) % mostEvents;
  }

  private enqueue(event: ProtocolEvent): void {
    if (this.unreported.length === 0) setImmediate(() => this.flush());
    if (this.unreported.length < this.limits.mostUnreported) this.unreported.push(event);
  }
}

/** An object with its numbers and short strings. */
const usualBytes = 256;

/** An estimate; only what can be long is counted. */
function sizeOf({ what }: ProtocolEvent): number {
  switch (what.kind) {
    case 'sent':
    case 'received':
    case 'turned-away':
      return usualBytes + what.message.length;
    case 'logged':
      return usualBytes + what.record.length;
    case 'did':
      return usualBytes + what.state.length;
    case 'diverged':
      return usualBytes + what.detail.length;
    default:
      return usualBytes;
  }
}
