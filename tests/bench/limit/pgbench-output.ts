export interface PgbenchResult {
  readonly transactionsPerSecond: number;
  readonly latencyMs: number;
  readonly transactions: number;
}

/** Reads what pgbench prints at its end; undefined when it has not come to its end. */
export function parsePgbench(output: string): PgbenchResult | undefined {
  const number = (pattern: RegExp): number | undefined => {
    const found = pattern.exec(output)?.[1];
    return found === undefined ? undefined : Number(found);
  };
  const transactionsPerSecond = number(/^tps = ([\d.]+) \(without initial connection time\)/m);
  const latencyMs = number(/^latency average = ([\d.]+) ms/m);
  const transactions = number(/^number of transactions actually processed: (\d+)/m);
  const failed = number(/^number of failed transactions: (\d+)/m) ?? 0;
  if (transactionsPerSecond === undefined || latencyMs === undefined || transactions === undefined)
    return undefined;
  if (failed > 0 || /client \d+ aborted/.test(output)) return undefined;
  return { transactionsPerSecond, latencyMs, transactions };
}
