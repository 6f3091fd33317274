import { writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { Option, type Command } from 'commander';

import { clearStatus, showStatus } from '../drill/status-line.js';
import { Failure } from '../failure.js';
import { FrontDoorClient } from '../front-door-client.js';
import { requireRun } from '../launcher/require-run.js';
import { mostClients, type LoadPlan, type RequestKind } from '../load/load-plan.js';
import { errorCount } from '../load/load-result.js';
import { requireTarget, type LoadTarget } from '../load/load-target.js';
import { renderCsv, renderLog } from '../load/report/load-csv.js';
import { renderLoadHtml } from '../load/report/load-html.js';
import { summarizeLoad } from '../load/report/load-summary.js';
import { describeLoad } from '../load/report/load-text.js';
import { runLoad, type LoadProgress } from '../load/run-load.js';
import { scenarioOption } from '../load/scenario-option.js';
import { scenarios, type WeightedScenario } from '../load/scenarios.js';
import {
  highestRate,
  rateShapeKinds,
  type RateShape,
  type RateShapeKind,
} from '../load/schedule/rate-shape.js';
import { prepareVisitors } from '../load/shop-visitors.js';
import { jsonOption, printJson, stateOption, wholeNumber, type CommonOptions } from '../options.js';

interface LoadOptions extends CommonOptions {
  readonly url?: string;
  readonly iOwnThisTarget?: true;
  readonly rate: number;
  readonly shape: RateShapeKind;
  readonly peak?: number;
  readonly steps: number;
  readonly period?: number;
  readonly closed?: true;
  readonly duration: number;
  readonly warmUp: number;
  readonly scenario: WeightedScenario[];
  readonly get?: readonly string[];
  readonly clients?: number;
  readonly hotClient?: number;
  readonly connections?: number;
  readonly timeout: number;
  readonly workers?: number;
  readonly seed: number;
  readonly csv?: string;
  readonly html?: string;
  readonly log?: string;
}

export const mostRate = 200_000;
/** A customer's token lives for 15 minutes. */
const mostDurationSeconds = 600;
const mostConnections = 10_000;
const defaultConnections = { open: 1_024, closed: 64 };
const defaultClients = 16;
/** What one process sends without being late, with room to spare. */
const rateOfOneWorker = 25_000;
const mostLogged = 5_000_000;

export function addLoad(program: Command): void {
  const command = program
    .command('load')
    .description('send the shop requests on a schedule, whatever the answers do, and show how long they took')
    .option('--rate <number>', 'requests per second at the begin', wholeNumber(1, mostRate), 200)
    .option('--duration <seconds>', 'how long it is measured', wholeNumber(1, mostDurationSeconds), 10)
    .option('--warm-up <seconds>', 'how long it runs before, unmeasured', wholeNumber(0, 120), 2)
    .addOption(new Option('--shape <name>', 'how the rate goes').choices(rateShapeKinds).default('constant'))
    .option(
      '--peak <number>',
      'the highest rate of a shape; 5 × the rate when left out',
      wholeNumber(1, mostRate),
    )
    .option('--steps <number>', 'how many steps from the rate to the peak', wholeNumber(2, 100), 5)
    .option('--period <seconds>', 'of a wave; a third of the run when left out', wholeNumber(1, 600))
    .option(
      '--closed',
      'a closed loop: --connections clients that ask again when they are answered, without a rate',
    )
    .addOption(scenarioOption())
    .option('--get <path...>', 'ask for these paths instead');
  addSendingOptions(command)
    .option('--csv <file>', 'write the figures of each second')
    .option('--html <file>', 'write a report with plots')
    .option('--log <file>', 'write when each request was due, sent and answered')
    .addOption(stateOption())
    .addOption(jsonOption())
    .addHelpText('after', loadHelp)
    .action(load);
}

const loadHelp = `
Scenarios:
${Object.entries(scenarios)
  .map(([name, text]) => `  ${name.padEnd(12)}${text}`)
  .join('\n')}

Latencies count from the scheduled start of a request. Errors are counted apart and are in no latency. Exit code 1: there
were errors, or the load tester could not keep its schedule, so that the shop had another load than the one that was asked for.
`;

function addSendingOptions(command: Command): Command {
  return command
    .option('--clients <number>', 'client addresses, on this machine 16', wholeNumber(1, mostClients))
    .option(
      '--hot-client <percent>',
      'the share of requests that come from one of the clients',
      wholeNumber(1, 99),
    )
    .option(
      '--connections <number>',
      'at most; 1024, and 64 in a closed loop',
      wholeNumber(1, mostConnections),
    )
    .option('--timeout <ms>', 'what takes longer is an error', wholeNumber(1, 120_000), 10_000)
    .option('--workers <number>', 'processes that send; as many as the rate needs', wholeNumber(1, 64))
    .option('--seed <number>', 'the same seed sends the same requests', wholeNumber(0, 0x7fffffff), 1)
    .option('--url <url>', 'another target than the running shop')
    .option('--i-own-this-target', 'needed for a target that is not this machine');
}

async function load(options: LoadOptions): Promise<void> {
  const target = requireTarget(
    options.url ?? requireRun(options.state).run.url,
    options.iOwnThisTarget === true,
  );
  const clients = requireClients(options, target);
  const plan = { ...planFrom(options, target, clients), ...(await whatToAsk(options, target, clients)) };
  const aborting = new AbortController();
  process.once('SIGINT', () => aborting.abort(new Failure('The load was ended before its time.')));
  const onProgress = (progress: LoadProgress): void => tellProgress(progress, plan.durationMs);
  const result = await runLoad(plan, { onProgress, signal: aborting.signal });
  clearStatus();
  if (options.csv !== undefined) writeFileSync(options.csv, renderCsv(result));
  if (options.log !== undefined) writeFileSync(options.log, renderLog(result.log));
  if (options.html !== undefined) writeFileSync(options.html, renderLoadHtml(result, new Date()));
  if (options.json) printJson(summarizeLoad(result));
  else process.stdout.write(`\n${describeLoad(result)}\n`);
  process.exitCode = errorCount(result.total) > 0 || result.schedule.kind === 'missed' ? 1 : 0;
}

function requireClients({ clients, connections }: LoadOptions, { isLoopback, host }: LoadTarget): number {
  const ownAddresses = isLoopback && host !== '::1' && process.platform === 'linux';
  if (!ownAddresses && clients !== undefined && clients > 1) {
    throw new Failure(
      '--clients needs a target in 127.0.0.0/8 and Linux: elsewhere this machine has one address only.',
    );
  }
  const wanted = ownAddresses ? (clients ?? Math.min(defaultClients, connections ?? defaultClients)) : 1;
  if (connections !== undefined && connections < wanted)
    throw new Failure(`${wanted} clients need at least as many --connections, not ${connections}.`);
  return wanted;
}

function planFrom(
  options: LoadOptions,
  { host, port }: LoadTarget,
  clients: number,
): Omit<LoadPlan, 'kinds'> {
  const { closed = false, hotClient, duration, rate } = options;
  if (hotClient !== undefined && clients < 2)
    throw new Failure('--hot-client needs other clients beside it: --clients 2 or more.');
  const connections = options.connections ?? (closed ? defaultConnections.closed : defaultConnections.open);
  const shape = shapeFrom(options);
  const requests = closed ? rate * duration : highestRate(shape) * duration;
  if (options.log !== undefined && requests > mostLogged)
    throw new Failure(
      `A log of more than ${mostLogged} requests is not kept: ask for less, or for it without --log.`,
    );
  return {
    host,
    port,
    loop: closed ? { kind: 'closed', connections } : { kind: 'open', shape, connections },
    durationMs: duration * 1000,
    warmUpMs: options.warmUp * 1000,
    timeoutMs: options.timeout,
    seed: options.seed,
    clients,
    ...(hotClient !== undefined && { hotClientShare: hotClient / 100 }),
    workers: options.workers ?? (closed ? 1 : workersFor(highestRate(shape))),
    keepLog: options.log !== undefined,
  };
}

function workersFor(rate: number): number {
  return Math.max(1, Math.min(availableParallelism(), Math.ceil(rate / rateOfOneWorker)));
}

function shapeFrom({ shape: kind, rate, duration, steps, period, ...options }: LoadOptions): RateShape {
  if (kind === 'constant') {
    if (options.peak !== undefined)
      throw new Failure('A constant rate has no --peak: choose a --shape that has one.');
    return { kind, rate };
  }
  const peak = options.peak ?? Math.min(mostRate, 5 * rate);
  if (kind === 'steps') return { kind, rate, peak, steps };
  if (kind === 'wave') return { kind, rate, peak, periodMs: (period ?? duration / 3) * 1000 };
  return { kind, rate, peak };
}

async function whatToAsk(
  { get, scenario }: LoadOptions,
  target: LoadTarget,
  clients: number,
): Promise<{ kinds: readonly RequestKind[]; clientHeaders?: readonly string[] }> {
  if (get === undefined) return prepareVisitors(new FrontDoorClient(target.url.href), scenario, clients);
  for (const path of get) {
    if (!/^\/[!-~]*$/.test(path))
      throw new Failure(`"${path}" is no path: it starts with / and has no spaces.`);
  }
  return { kinds: [{ name: 'get', weight: 1, method: 'GET', paths: get, expected: [200] }] };
}

function tellProgress({ atMs, last, total }: LoadProgress, durationMs: number): void {
  if (last === undefined) {
    showStatus('warm-up');
    return;
  }
  const p99Ms = last.latency.quantileUs(0.99) / 1000;
  showStatus(
    `${Math.floor(atMs / 1000)} of ${durationMs / 1000} s: ${last.latency.count}/s answered, p99 ${p99Ms.toFixed(1)} ms, ${errorCount(total)} errors`,
  );
}
