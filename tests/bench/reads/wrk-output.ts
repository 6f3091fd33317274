export interface WrkResult {
  readonly requestsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Answers that were no success, and connections that failed. */
  readonly errors: number;
}

const unitMs: Record<string, number> = { us: 0.001, ms: 1, s: 1000, m: 60_000 };

/** Reads what `wrk --latency` prints; undefined when it is something else. */
export function parseWrk(output: string): WrkResult | undefined {
  const rate = /^Requests\/sec:\s+([\d.]+)/m.exec(output)?.[1];
  const p50Ms = percentileMs(output, 50);
  const p99Ms = percentileMs(output, 99);
  if (rate === undefined || p50Ms === undefined || p99Ms === undefined) return undefined;
  const refused = Number(/Non-2xx or 3xx responses: (\d+)/.exec(output)?.[1] ?? 0);
  const socket =
    /Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)/.exec(output)?.slice(1) ?? [];
  const errors = socket.reduce((sum, count) => sum + Number(count), refused);
  return { requestsPerSecond: Number(rate), p50Ms, p99Ms, errors };
}

function percentileMs(output: string, percent: number): number | undefined {
  const found = new RegExp(`^\\s+${percent}%\\s+([\\d.]+)(us|ms|s|m)$`, 'm').exec(output);
  return found === null ? undefined : Number(found[1]) * (unitMs[found[2] ?? ''] ?? NaN);
}
