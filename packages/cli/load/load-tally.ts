import { Histogram } from '#protocols/histogram.js';
import { newCounts, type LoadCounts, type TalliedLoad } from './load-result.js';
import type { LoggedRequest } from './load-plan.js';
import type { ClientCounts, SecondReport } from './recorder.js';
import type { WorkerMessage } from './worker-message.js';

/** Adds up what the processes that send load tell. */
export class LoadTally {
  private readonly total = newCounts();
  private readonly seconds: LoadCounts[] = [];
  private readonly sendDelay = new Histogram();
  private readonly takeUpDelay = new Histogram();
  private readonly backEnds = new Map<string, Histogram>();
  private readonly kinds = new Map<string, { latency: Histogram; statuses: Record<string, number> }>();
  private readonly clients: Record<string, Record<string, number>> = {};
  private readonly log: LoggedRequest[] = [];

  add(message: WorkerMessage): void {
    if (message.kind === 'seconds') for (const report of message.seconds) this.addSecond(report);
    else {
      this.addClients(message.clients);
      for (const one of message.log) this.log.push(one);
    }
  }

  second(number: number): LoadCounts | undefined {
    return this.seconds[number];
  }

  get sofar(): LoadCounts {
    return this.total;
  }

  /** @param seconds how many the run has, also when nothing was due in the last of them */
  finish(seconds: number): TalliedLoad {
    this.ensure(seconds - 1);
    const { total, sendDelay, takeUpDelay, backEnds, kinds, clients, log } = this;
    return { total, seconds: this.seconds, sendDelay, takeUpDelay, backEnds, kinds, clients, log };
  }

  private addSecond(report: SecondReport): void {
    this.ensure(report.second);
    const second = this.seconds[report.second];
    if (second === undefined) return;
    for (const counts of [second, this.total]) {
      counts.due += report.due;
      counts.sent += report.sent;
      counts.inTime += report.inTime;
      counts.retries += report.retries;
      addAll(counts.errors, report.errors);
      for (const latency of Object.values(report.kinds)) counts.latency.add(latency);
      for (const [name, latency] of Object.entries(report.backEnds))
        addAll(counts.backEndCounts, { [name]: latency.counts.reduce((sum, count) => sum + count, 0) });
    }
    this.sendDelay.add(report.sendDelay);
    this.takeUpDelay.add(report.takeUpDelay);
    for (const [name, latency] of Object.entries(report.backEnds)) this.backEnd(name).add(latency);
    for (const [name, latency] of Object.entries(report.kinds)) this.kind(name).latency.add(latency);
    for (const [name, statuses] of Object.entries(report.statuses))
      addAll(this.kind(name).statuses, statuses);
  }

  private addClients(clients: ClientCounts): void {
    for (const [client, counts] of Object.entries(clients)) addAll((this.clients[client] ??= {}), counts);
  }

  private ensure(second: number): void {
    while (this.seconds.length <= second) this.seconds.push(newCounts());
  }

  private backEnd(name: string): Histogram {
    const known = this.backEnds.get(name) ?? new Histogram();
    this.backEnds.set(name, known);
    return known;
  }

  private kind(name: string): { latency: Histogram; statuses: Record<string, number> } {
    const known = this.kinds.get(name) ?? { latency: new Histogram(), statuses: {} };
    this.kinds.set(name, known);
    return known;
  }
}

function addAll(counts: Record<string, number>, more: Readonly<Record<string, number>>): void {
  for (const [name, count] of Object.entries(more)) counts[name] = (counts[name] ?? 0) + count;
}
