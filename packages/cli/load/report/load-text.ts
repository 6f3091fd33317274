import type { Histogram } from '#protocols/histogram.js';
import { renderTable } from '../../text-table.js';
import { errorCount, type LoadResult } from '../load-result.js';
import { describePlan, summarizeLatency } from './load-summary.js';

const header = ['', 'answers', 'share', 'p50 ms', 'p90', 'p95', 'p99', 'p99.9', 'max'];

export function describeLoad(result: LoadResult): string {
  const { plan, total, rates, schedule, backEnds, kinds } = result;
  const row = latencyRow(total.latency.count);
  return [
    describePlan(plan),
    ...(schedule.kind === 'no-schedule'
      ? []
      : [schedule.kind === 'kept' ? schedule.text : `! ${schedule.text}`]),
    `${whole(rates.answered)} right answers/s in the run. ${describeErrors(result)}`,
    '',
    renderTable(header, [
      row('all', total.latency),
      ...sorted(kinds).map(([name, { latency }]) => row(`  ${name}`, latency)),
    ]),
    '',
    renderTable(
      ['back end', ...header.slice(1)],
      sorted(backEnds).map(([name, latency]) => row(name, latency)),
    ),
  ].join('\n');
}

function describeErrors({ total }: LoadResult): string {
  const retried =
    total.retries === 0
      ? ''
      : ` ${total.retries} requests were sent again after the server had closed their idle connection.`;
  const count = errorCount(total);
  if (count === 0) return `No errors.${retried}`;
  const kinds = Object.entries(total.errors).map(([kind, number]) => `${number} × ${kind}`);
  return `${count} errors, which the latencies leave out: ${kinds.join(', ')}.${retried}`;
}

function latencyRow(all: number): (name: string, latency: Histogram) => string[] {
  return (name, latency) => {
    const { count, p50Ms, p90Ms, p95Ms, p99Ms, p999Ms, maxMs } = summarizeLatency(latency);
    const share = `${((100 * count) / Math.max(1, all)).toFixed(1)} %`;
    const latencies = [p50Ms, p90Ms, p95Ms, p99Ms, p999Ms, maxMs].map((ms) => ms.toFixed(2));
    return [name, String(count), share, ...latencies];
  };
}

export function sorted<T>(map: ReadonlyMap<string, T>): [string, T][] {
  return [...map].sort(([left], [right]) => left.localeCompare(right, 'en', { numeric: true }));
}

function whole(value: number): string {
  return value >= 100 ? Math.round(value).toLocaleString('en') : value.toFixed(1);
}
