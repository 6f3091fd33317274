import {
  addResult,
  coverageOf,
  emptyResult,
  type Campaign,
  type CampaignResult,
} from '#simulator/campaign.js';
import { runSchedule, type ScheduleName } from '#simulator/schedule.js';
import { reportOf } from '../failure-report.js';
import { runParts } from './run-parts.js';
import { parseOptions, type SimulateOptions } from './simulate-options.js';

/** Small enough for a progress line each second, large enough to cost nothing. */
const schedulesOfPart = 500;
const progressEveryMs = 1_000;

/** `npm run simulate`: exit code 1, the whole story and a command that repeats it, when a law is broken. */
export async function main(args: readonly string[]): Promise<void> {
  const options = parseOptions(args);
  if (options.without.length > 0) return runReduced(options);
  const startedMs = performance.now();
  const totals = new Map(options.protocols.map((protocol) => [protocol, emptyResult(protocol)]));
  let failure: ScheduleName | undefined;
  let toldMs = startedMs;
  await runParts(partsOf(options), options.workers, (result) => {
    const total = totals.get(result.protocol);
    if (total !== undefined) addResult(total, result);
    failure ??= result.failure;
    if (performance.now() - toldMs > progressEveryMs) {
      toldMs = performance.now();
      tellProgress([...totals.values()], options.schedules, toldMs - startedMs);
    }
    return failure === undefined ? 'go-on' : 'stop';
  });
  const seconds = (performance.now() - startedMs) / 1_000;
  if (process.stderr.isTTY) process.stderr.write('\n');
  print([...totals.values()], seconds, options, failure);
}

/** The protocols take turns, so that a run that is stopped early has seen all of them. */
function partsOf({ protocols, schedules, seed }: SimulateOptions): Campaign[] {
  const parts: Campaign[] = [];
  const each = Math.ceil(schedules / protocols.length);
  for (let first = 0; first < each; first += schedulesOfPart) {
    const count = Math.min(schedulesOfPart, each - first);
    for (const protocol of protocols) parts.push({ protocol, firstSeed: seed + first, schedules: count });
  }
  return parts;
}

/** A shrunk schedule is one of its own: what is left out of it means nothing to the next seed. */
function runReduced({ protocols, seed, without, json }: SimulateOptions): void {
  for (const protocol of protocols) {
    const name: ScheduleName = { protocol, seed, without };
    const { violation, history } = runSchedule(name, { isTold: true });
    if (json) console.log(JSON.stringify({ ...name, violation: violation ?? null, history }));
    else console.log([...history, violation?.message ?? 'No law is broken.'].join('\n'));
    if (violation !== undefined) process.exitCode = 1;
  }
}

function tellProgress(results: readonly CampaignResult[], wanted: number, elapsedMs: number): void {
  const done = results.reduce((sum, { schedules }) => sum + schedules, 0);
  const rate = Math.round(done / (elapsedMs / 1_000));
  const line = `${done} of ${wanted} schedules, ${rate} a second`;
  process.stderr.write(process.stderr.isTTY ? `\r${line}` : `${line}\n`);
}

function print(
  results: readonly CampaignResult[],
  seconds: number,
  { json, verbose }: SimulateOptions,
  failure: ScheduleName | undefined,
): void {
  const schedules = results.reduce((sum, result) => sum + result.schedules, 0);
  const perSecond = Math.round(schedules / seconds);
  const protocols = results.map((result) => {
    const { protocol, committed, aborted, diverged, broken } = result;
    const { reachable, missed } = coverageOf(result);
    const failpoints = { reachable, hit: reachable - missed.length, missed };
    const violations = result.failure === undefined ? 0 : 1;
    return {
      protocol,
      schedules: result.schedules,
      committed,
      aborted,
      diverged,
      broken,
      failpoints,
      violations,
    };
  });
  const violations = protocols.reduce((sum, result) => sum + result.violations, 0);
  if (json) {
    const report = failure === undefined ? null : reportOf(failure);
    console.log(
      JSON.stringify({ schedules, seconds, schedulesPerSecond: perSecond, violations, protocols, report }),
    );
  } else {
    for (const result of protocols) {
      const { protocol, committed, aborted, diverged, broken, failpoints } = result;
      const more = protocol === '3pc' ? `, ${diverged} diverged and repaired` : '';
      const lost = protocol === 'none' ? `, ${broken} left half done, as it does` : '';
      console.log(
        `${protocol.padEnd(5)} ${result.schedules} schedules: ${committed} committed, ${aborted} aborted${more}${lost}; ` +
          `faults at ${failpoints.hit} of ${failpoints.reachable} failpoints; ${result.violations} violations`,
      );
      if (verbose) for (const point of failpoints.missed) console.log(`      not hit: ${point}`);
    }
    console.log(
      `${schedules} schedules in ${seconds.toFixed(1)} s: ${perSecond} a second; ${violations} violations`,
    );
    if (failure !== undefined) console.log(`\n${reportOf(failure)}`);
  }
  if (failure !== undefined) process.exitCode = 1;
}
