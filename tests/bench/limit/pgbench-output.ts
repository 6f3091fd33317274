export interface PgbenchResult {
  readonly transactionsPerSecond: number;
  readonly latencyMs: number;
}

const progressLine = /^progress: ([\d.]+) s, ([\d.]+) tps, lat ([\d.]+) ms/gm;

/**
 * Reads the output of `pgbench --progress 1`, without its first `skippedSeconds`: in those every connection fills
 * its caches and plans its statements. Undefined when pgbench has not come to its end, or a client gave up.
 */
export function parsePgbench(output: string, skippedSeconds: number): PgbenchResult | undefined {
  const failed = Number(/^number of failed transactions: (\d+)/m.exec(output)?.[1] ?? 0);
  if (!/^tps = /m.test(output) || failed > 0 || /client \d+ .*aborted/.test(output)) return undefined;
  let [beganAt, seconds, transactions, latencySumMs] = [0, 0, 0, 0];
  for (const [, endedAt, perSecond, latencyMs] of output.matchAll(progressLine)) {
    const length = Number(endedAt) - beganAt;
    if (beganAt >= skippedSeconds - shortestInterval) {
      seconds += length;
      transactions += Number(perSecond) * length;
      latencySumMs += Number(perSecond) * length * Number(latencyMs);
    }
    beganAt = Number(endedAt);
  }
  if (transactions === 0) return undefined;
  return { transactionsPerSecond: transactions / seconds, latencyMs: latencySumMs / transactions };
}

/** Lines come about once a second, now and then a little early. */
const shortestInterval = 0.5;
