import { setTimeout as delay } from 'node:timers/promises';

import { Failure } from '../failure.js';
import type { FrontDoorClient } from '../front-door-client.js';
import type { LoadPlan } from '../load/load-plan.js';
import { errorCount, type LoadCounts } from '../load/load-result.js';
import { runLoad, type LoadProgress } from '../load/run-load.js';
import type { WeightedScenario } from '../load/scenarios.js';
import { prepareVisitors } from '../load/shop-visitors.js';
import { watchedUntil } from './watched-until.js';

/** What a shop's visitors noticed meanwhile. */
export interface LoadSeen {
  readonly requests: number;
  readonly right: number;
  /** By what went wrong. */
  readonly errors: Readonly<Record<string, number>>;
  /** Sent a second time, since the connection was found closed before anything was asked on it. */
  readonly retries: number;
  /** In milliseconds, from the scheduled start. */
  readonly latencyMs: { readonly p50: number; readonly p99: number; readonly p999: number };
}

interface UnderLoadOptions {
  /** Requests per second. */
  readonly rate: number;
  readonly mix: readonly WeightedScenario[];
  readonly seed: number;
  /** Told what goes on before the work begins. */
  readonly report: (text: string) => void;
}

const clients = 16;
const connections = 256;
const timeoutMs = 10_000;
const warmUpMs = 2_000;
/** Before it the rate grows from a tenth: a shop that has just started runs code that no engine has compiled yet. */
const rampMs = 20_000;
/** Answers of the ramp are not counted, whatever they are. */
const rampFrom = 0.1;
/** The tokens of customers live for 15 minutes: no work under one load may take longer. */
const longestMs = 14 * 60_000;
const beginTimeoutMs = 30_000;
/** What is under way at the end of the work is answered by then. */
const lastAnswersMs = 3_000;

/** Runs work while visitors come at a steady rate, whatever the answers do; they come until it is done, and nobody counts the first ones. */
export async function underLoad(
  client: FrontDoorClient,
  { rate, mix, seed, report }: UnderLoadOptions,
  work: () => Promise<void>,
): Promise<LoadSeen> {
  report(`${clients} customers open an account`);
  const { kinds, clientHeaders } = await prepareVisitors(client, mix, clients);
  const { hostname, port } = new URL(client.url);
  const plan: LoadPlan = {
    host: hostname === 'localhost' ? '127.0.0.1' : hostname,
    port: Number(port),
    kinds,
    clientHeaders,
    loop: { kind: 'open', shape: { kind: 'constant', rate }, connections },
    durationMs: longestMs,
    warmUpMs,
    timeoutMs,
    seed,
    clients: process.platform === 'linux' ? clients : 1,
    workers: 1,
  };
  report(`the rate grows to ${rate} requests a second for ${rampMs / 1000} s`);
  const ramp = { kind: 'ramp', rate: Math.max(1, rate * rampFrom), peak: rate } as const;
  await runLoad({
    ...plan,
    loop: { kind: 'open', shape: ramp, connections },
    durationMs: rampMs,
    warmUpMs: 0,
  });
  const ending = new AbortController();
  let latest: LoadProgress | undefined;
  let failure: unknown;
  const load = runLoad(plan, { signal: ending.signal, onProgress: (progress) => (latest = progress) }).catch(
    (error: unknown) => {
      failure = error;
    },
  );
  try {
    await watchedUntil(
      'the load did not begin',
      beginTimeoutMs,
      () => failure !== undefined || (latest?.atMs ?? 0) > 0,
    );
    await work();
    await delay(lastAnswersMs);
    if (failure !== undefined || latest === undefined)
      throw new Failure(`The load has ended: ${String(failure)}`);
    return seen(latest.total);
  } finally {
    ending.abort(new Failure('The load was long enough.'));
    await load;
  }
}

function seen({ due, inTime, errors, retries, latency }: LoadCounts): LoadSeen {
  const quantile = (share: number): number => Math.round(latency.quantileUs(share) / 100) / 10;
  const latencyMs = { p50: quantile(0.5), p99: quantile(0.99), p999: quantile(0.999) };
  return { requests: due, right: inTime, errors: { ...errors }, retries, latencyMs };
}

export function failed({ errors }: Pick<LoadSeen, 'errors'>): number {
  return errorCount({ errors });
}

/** What several loads have seen together; a latency is the worst of them. */
export function addUp(parts: readonly LoadSeen[]): LoadSeen {
  const sum = (pick: (part: LoadSeen) => number): number =>
    parts.reduce((total, part) => total + pick(part), 0);
  const worst = (pick: (part: LoadSeen) => number): number => Math.max(0, ...parts.map(pick));
  const errors: Record<string, number> = {};
  for (const part of parts)
    for (const [what, count] of Object.entries(part.errors)) errors[what] = (errors[what] ?? 0) + count;
  return {
    requests: sum(({ requests }) => requests),
    right: sum(({ right }) => right),
    errors,
    retries: sum(({ retries }) => retries),
    latencyMs: {
      p50: worst(({ latencyMs }) => latencyMs.p50),
      p99: worst(({ latencyMs }) => latencyMs.p99),
      p999: worst(({ latencyMs }) => latencyMs.p999),
    },
  };
}
