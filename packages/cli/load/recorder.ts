import { Histogram, type HistogramCounts } from '#protocols/histogram.js';
import type { RequestKind } from './load-plan.js';
import type { ResponseHead } from './wire/response-reader.js';
import type { LossKind, TimedRequest } from './wire/timed-request.js';

/** What has become of the requests of one second of the schedule since the last report on it. */
export interface SecondReport {
  readonly second: number;
  /** Taken up, which is later than due when the load tester is late itself. */
  readonly due: number;
  /** Before the run was over. */
  readonly sent: number;
  /** Right answers that came before the run was over. */
  readonly inTime: number;
  readonly retries: number;
  readonly errors: Readonly<Record<string, number>>;
  /** How late requests left, and how much of it the load tester needed to take them up. */
  readonly sendDelay: HistogramCounts;
  readonly takeUpDelay: HistogramCounts;
  /** Of right answers, from the scheduled start; by the name of the kind. */
  readonly kinds: Readonly<Record<string, HistogramCounts>>;
  readonly backEnds: Readonly<Record<string, HistogramCounts>>;
  readonly statuses: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

/** How often each back end has answered each client. */
export type ClientCounts = Readonly<Record<string, Readonly<Record<string, number>>>>;

export const backEndNotTold = 'not told';

class Second {
  due = 0;
  sent = 0;
  inTime = 0;
  retries = 0;
  readonly errors: Record<string, number> = {};
  readonly sendDelay = new Histogram();
  readonly takeUpDelay = new Histogram();
  readonly kinds: Record<string, Histogram> = {};
  readonly backEnds: Record<string, Histogram> = {};
  readonly statuses: Record<string, Record<string, number>> = {};

  toReport(second: number): SecondReport {
    const { sendDelay, takeUpDelay, kinds, backEnds, ...rest } = this;
    return {
      second,
      ...rest,
      sendDelay: sendDelay.toCounts(),
      takeUpDelay: takeUpDelay.toCounts(),
      kinds: mapValues(kinds, (histogram) => histogram.toCounts()),
      backEnds: mapValues(backEnds, (histogram) => histogram.toCounts()),
    };
  }
}

/** Counts what becomes of the requests of one process, by the second in which each was due. The warm-up is left out. */
export class Recorder {
  private seconds = new Map<number, Second>();
  private readonly counts: Record<string, Record<string, number>> = {};
  private readonly expected: readonly ReadonlySet<number>[];

  constructor(
    private readonly kinds: readonly RequestKind[],
    private readonly durationMs: number,
  ) {
    this.expected = kinds.map((kind) => new Set(kind.expected));
  }

  due(request: TimedRequest): void {
    if (request.dueMs >= 0) this.secondOf(request).due += 1;
  }

  sent(request: TimedRequest): void {
    // A request that is sent again left in time the first time.
    if (request.dueMs < 0 || request.isRetry) return;
    const second = this.secondOf(request);
    if (request.sentMs < this.durationMs) second.sent += 1;
    second.sendDelay.record((request.sentMs - request.dueMs) * 1000);
    second.takeUpDelay.record((request.takenUpMs - request.dueMs) * 1000);
  }

  retried(request: TimedRequest): void {
    if (request.dueMs >= 0) this.secondOf(request).retries += 1;
  }

  answered(request: TimedRequest, { status, servedBy }: ResponseHead, doneMs: number): void {
    if (request.dueMs < 0) return;
    const second = this.secondOf(request);
    const name = this.nameOf(request);
    const statuses = (second.statuses[name] ??= {});
    statuses[status] = (statuses[status] ?? 0) + 1;
    if (this.expected[request.kind]?.has(status) !== true) {
      addTo(second.errors, `status ${status}`);
      return;
    }
    const latencyUs = (doneMs - request.dueMs) * 1000;
    const backEnd = servedBy === '' ? backEndNotTold : servedBy;
    (second.kinds[name] ??= new Histogram()).record(latencyUs);
    (second.backEnds[backEnd] ??= new Histogram()).record(latencyUs);
    addTo((this.counts[request.client] ??= {}), backEnd);
    if (doneMs < this.durationMs) second.inTime += 1;
  }

  lost(request: TimedRequest, kind: LossKind): void {
    if (request.dueMs >= 0) addTo(this.secondOf(request).errors, kind);
  }

  /** What has happened since the last time that this was asked. */
  takeReports(): SecondReport[] {
    const reports = [...this.seconds].map(([number, second]) => second.toReport(number));
    this.seconds = new Map();
    return reports;
  }

  get clients(): ClientCounts {
    return this.counts;
  }

  private nameOf({ kind }: TimedRequest): string {
    return this.kinds[kind]?.name ?? '';
  }

  private secondOf({ dueMs }: TimedRequest): Second {
    const number = Math.floor(dueMs / 1000);
    const known = this.seconds.get(number);
    if (known !== undefined) return known;
    const second = new Second();
    this.seconds.set(number, second);
    return second;
  }
}

function addTo(counts: Record<string, number>, name: string): void {
  counts[name] = (counts[name] ?? 0) + 1;
}

function mapValues<From, To>(
  values: Readonly<Record<string, From>>,
  change: (value: From) => To,
): Record<string, To> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, change(value)]));
}
