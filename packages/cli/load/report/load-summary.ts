import { histogramRelativeError, type Histogram } from '#protocols/histogram.js';
import type { LoadPlan } from '../load-plan.js';
import { errorCount, type LoadCounts, type LoadResult } from '../load-result.js';

export interface LatencySummary {
  readonly count: number;
  readonly meanMs: number;
  readonly p50Ms: number;
  readonly p90Ms: number;
  readonly p95Ms: number;
  readonly p99Ms: number;
  readonly p999Ms: number;
  readonly maxMs: number;
}

/** Of right answers, from the scheduled start. */
export function summarizeLatency(histogram: Histogram): LatencySummary {
  const quantileMs = (share: number): number => round(histogram.quantileUs(share) / 1000);
  return {
    count: histogram.count,
    meanMs: round(histogram.meanUs / 1000),
    p50Ms: quantileMs(0.5),
    p90Ms: quantileMs(0.9),
    p95Ms: quantileMs(0.95),
    p99Ms: quantileMs(0.99),
    p999Ms: quantileMs(0.999),
    maxMs: round(histogram.maxUs / 1000),
  };
}

/** The result as it is printed with --json. */
export function summarizeLoad(result: LoadResult): object {
  const { plan, total, rates, schedule, seconds, backEnds, kinds, sendDelay, clients } = result;
  const { kinds: planned, clientHeaders: _secret, ...told } = plan;
  return {
    plan: { ...told, kinds: planned.map(({ name, weight }) => ({ name, weight })) },
    rates,
    schedule,
    requests: { due: total.due, sent: total.sent, inTime: total.inTime, retries: total.retries },
    errors: { total: errorCount(total), byKind: total.errors },
    latency: { ...summarizeLatency(total.latency), relativeError: histogramRelativeError },
    sendDelay: summarizeLatency(sendDelay),
    backEnds: Object.fromEntries(
      [...backEnds].map(([name, histogram]) => [
        name,
        { share: histogram.count / Math.max(1, total.latency.count), ...summarizeLatency(histogram) },
      ]),
    ),
    kinds: Object.fromEntries(
      [...kinds].map(([name, { latency, statuses }]) => [name, { statuses, ...summarizeLatency(latency) }]),
    ),
    clients,
    seconds: seconds.map(summarizeSecond),
  };
}

function summarizeSecond(counts: LoadCounts, second: number): object {
  const { due, sent, inTime, errors, retries, latency, backEndCounts } = counts;
  return { second, due, sent, inTime, errors, retries, backEndCounts, ...summarizeLatency(latency) };
}

export function describePlan(plan: LoadPlan): string {
  const { loop, durationMs, warmUpMs, clients, workers, seed } = plan;
  const time = `${durationMs / 1000} s after ${warmUpMs / 1000} s of warm-up`;
  const addresses = clients === 1 ? 'one client address' : `${clients} client addresses`;
  const from = `${addresses}, ${workers === 1 ? 'one process' : `${workers} processes`}, seed ${seed}`;
  if (loop.kind === 'closed')
    return `Closed loop of ${loop.connections} clients for ${time}; ${from}; latencies count from sending.`;
  const { shape } = loop;
  const rate =
    shape.kind === 'constant'
      ? `${shape.rate} requests/s`
      : `${shape.kind} from ${shape.rate} to ${shape.peak} requests/s`;
  return `Open loop, ${rate} for ${time}; ${from}; latencies count from the scheduled start.`;
}

function round(value: number): number {
  return Math.round(value * 1000) / 1000;
}
