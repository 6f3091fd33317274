import { setTimeout as delay } from 'node:timers/promises';
import { Histogram } from '#protocols/histogram.js';
import {
  frontDoorStrategies,
  type ClientStrategy,
  type FrontDoorStrategy,
} from '#protocols/balancing/strategy.js';
import type { UpstreamServer } from '#platform/nginx/upstream.js';
import type { LoadPlan, RequestKind } from '../load/load-plan.js';
import type { LoadResult } from '../load/load-result.js';
import { runLoad } from '../load/run-load.js';
import { BackEnds } from './back-ends.js';
import type { Balancer } from './balancer.js';
import { ChoosingBalancer } from './choosing-balancer.js';
import {
  summarizeCompare,
  summarizeRow,
  summarizeRun,
  type CompareResult,
  type CompareRun,
} from './compare-result.js';
import {
  compareScenarios,
  longWorkMs,
  longWorkShare,
  shortWorkMs,
  type CompareScenario,
  type CompareScenarioName,
} from './compare-scenario.js';
import { homesOf, movedShare } from './fairness.js';
import { NginxBalancer } from './nginx-balancer.js';

export interface CompareOptions {
  readonly scenario: CompareScenarioName;
  readonly strategies: readonly ClientStrategy[];
  readonly rounds: number;
  readonly seconds: number;
  readonly rate: number;
  readonly seed: number;
  readonly report: (text: string) => void;
  readonly signal: AbortSignal;
}

const clients = 64;
const connections = 1_024;
const warmUpMs = 1_000;
const timeoutMs = 5_000;
/** Long enough for a client to be answered a few times. */
const stickySeconds = 2;
/** What a load needs before its warm-up. */
const loadStartMs = 400;
/** What was on its way to a back end when it was taken out has arrived then. */
const drainMs = 150;
const differentPaths = 100;

/** Runs every strategy under the same load against the same back ends, round by round. */
export async function runCompare(options: CompareOptions): Promise<CompareResult> {
  const { strategies, rounds, report, seconds, rate, seed } = options;
  const name = options.scenario;
  const scenario: CompareScenario = compareScenarios[name];
  const runs = new Map<ClientStrategy, CompareRun[]>();
  const latencies = new Map<ClientStrategy, Histogram>();
  for (let round = 1; round <= rounds; round++) {
    for (const strategy of strategies) {
      report(`${name}, round ${round} of ${rounds}: ${strategy}`);
      const { run, latency } = await measure(scenario, strategy, options);
      runs.set(strategy, [...(runs.get(strategy) ?? []), run]);
      const sum = latencies.get(strategy) ?? new Histogram();
      sum.add(latency.toCounts());
      latencies.set(strategy, sum);
    }
  }
  const rows = [];
  for (const strategy of strategies) {
    const latency = latencies.get(strategy) ?? new Histogram();
    const of = { strategy, side: sideOf(strategy), latency, rounds: runs.get(strategy) ?? [] };
    report(`${name}: who moves under ${strategy} when a back end leaves`);
    rows.push(
      summarizeRow(of, isHash(strategy) ? await measureMoved(scenario, strategy, options) : undefined),
    );
  }
  return summarizeCompare({ scenario: name, rate, seconds, seed, rows });
}

async function measure(
  scenario: CompareScenario,
  strategy: ClientStrategy,
  options: CompareOptions,
): Promise<{ run: CompareRun; latency: Histogram }> {
  return withBalancer(scenario, strategy, async (backEnds, balancer) => {
    const plan = planFor(scenario, balancer.port, options, options.seconds);
    const [result] = await Promise.all([
      runLoad(plan, { signal: options.signal }),
      perform(scenario, backEnds, balancer, options.seconds * 1000),
    ]);
    const retries = await balancer.retries();
    const run = summarizeRun(result, backEnds.names, scenario.backEnds, retries);
    return { run, latency: result.total.latency };
  });
}

/** Taken out of the list, and not only marked: so clients of the others show what a hash makes of another number of places. */
async function measureMoved(
  scenario: CompareScenario,
  strategy: ClientStrategy,
  options: CompareOptions,
): Promise<number> {
  // Of the hot client's requests most others would be left with too few to have a home.
  const { hotClientShare: _hot, ...even } = scenario;
  return withBalancer(even, strategy, async (backEnds, balancer) => {
    const load = (): Promise<LoadResult> =>
      runLoad(planFor(even, balancer.port, options, stickySeconds), { signal: options.signal });
    const before = await load();
    await balancer.update(backEnds.servers().slice(0, -1));
    const after = await load();
    return movedShare(homesOf(before.clients), homesOf(after.clients));
  });
}

async function withBalancer<T>(
  scenario: CompareScenario,
  strategy: ClientStrategy,
  work: (backEnds: BackEnds, balancer: Balancer) => Promise<T>,
): Promise<T> {
  const backEnds = await BackEnds.start(scenario.backEnds);
  let balancer: Balancer | undefined;
  try {
    balancer = await startBalancer(strategy, backEnds.servers());
    return await work(backEnds, balancer);
  } finally {
    await balancer?.close();
    await backEnds.close();
  }
}

function startBalancer(strategy: ClientStrategy, servers: readonly UpstreamServer[]): Promise<Balancer> {
  return isFrontDoorStrategy(strategy)
    ? NginxBalancer.start(strategy, servers)
    : ChoosingBalancer.start(strategy, servers);
}

/** What nginx knows is measured at nginx; what only the services know among themselves, at a caller. */
export function sideOf(strategy: ClientStrategy): 'nginx' | 'caller' {
  return isFrontDoorStrategy(strategy) ? 'nginx' : 'caller';
}

function isFrontDoorStrategy(strategy: ClientStrategy): strategy is FrontDoorStrategy {
  return (frontDoorStrategies as readonly string[]).includes(strategy);
}

function isHash(strategy: ClientStrategy): boolean {
  return strategy === 'ip-hash' || strategy === 'consistent-hash';
}

async function perform(
  { event, backEnds: specs }: CompareScenario,
  backEnds: BackEnds,
  balancer: Balancer,
  durationMs: number,
): Promise<void> {
  if (event === undefined) return;
  if (event === 'kill-last') {
    await delay(loadStartMs + warmUpMs + durationMs / 3);
    await backEnds.kill(specs.length - 1);
    return;
  }
  await delay(loadStartMs + warmUpMs + durationMs / 10);
  for (let index = 0; index < backEnds.count; index++) {
    await balancer.update(backEnds.servers(index));
    await delay(drainMs);
    await backEnds.stop(index);
    await backEnds.start(index);
    await balancer.update(backEnds.servers());
  }
}

function planFor(
  { hotClientShare }: CompareScenario,
  port: number,
  { rate, seed }: CompareOptions,
  seconds: number,
): LoadPlan {
  return {
    host: '127.0.0.1',
    port,
    kinds: [work('short', shortWorkMs, 1 - longWorkShare), work('long', longWorkMs, longWorkShare)],
    loop: { kind: 'open', shape: { kind: 'constant', rate }, connections },
    durationMs: seconds * 1000,
    warmUpMs,
    timeoutMs,
    seed,
    clients,
    ...(hotClientShare !== undefined && { hotClientShare }),
    workers: 1,
  };
}

function work(name: string, ms: number, weight: number): RequestKind {
  const paths = Array.from(
    { length: differentPaths },
    (_, number) => `/api/products/${name}-${number}-${ms}ms`,
  );
  return { name, weight, method: 'GET', paths, expected: [200] };
}
