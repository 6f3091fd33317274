import type { Command } from 'commander';

import { ControlClient } from '../control-client.js';
import { restartMember, type Restart, type RestartParts } from '../drill/restart-member.js';
import {
  describeRestart,
  describeRolling,
  hasPassedRolling,
  restartsHeader,
  type RollingResult,
} from '../drill/rolling-report.js';
import { clearStatus, showStatus } from '../drill/status-line.js';
import { addUp, underLoad, type LoadSeen } from '../drill/under-load.js';
import { withHealing } from '../drill/with-healing.js';
import { Failure } from '../failure.js';
import { FrontDoorClient } from '../front-door-client.js';
import { requireRun } from '../launcher/require-run.js';
import { scenarioOption } from '../load/scenario-option.js';
import type { WeightedScenario } from '../load/scenarios.js';
import { MembersClient } from '../members/members-client.js';
import { jsonOption, printJson, stateOption, wholeNumber, type CommonOptions } from '../options.js';
import { describeLaws } from '../theatre/describe-verdict.js';
import { judge } from './drill-verdict.js';

interface RollingOptions extends CommonOptions {
  readonly rounds: number;
  readonly rate: number;
  readonly services: readonly string[];
  readonly scenario: readonly WeightedScenario[];
}

const mostRounds = 1_000;
const mostRate = 5_000;
/** One of fifty buys. An order costs as much as dozens of pages: with many more it is the load that two cores cannot bear, and not the restart. */
const defaultMix = 'browse=55,hot-sku=35,absent-sku=8,order=2';
/** Under one load, whose customers' tokens do not live for ever. */
const restartsUnderOneLoad = 20;

export function addDrillRollingRestart(drill: Command): void {
  drill
    .command('rolling-restart')
    .description('replace one process after the other while requests come in, and count those that failed')
    .option('--rounds <number>', 'restarts in all, taken in turn', wholeNumber(1, mostRounds), 6)
    .option('--rate <number>', 'requests per second meanwhile', wholeNumber(1, mostRate), 300)
    .option(
      '--services <list>',
      'whose copies are restarted',
      (text) => text.split(',').map((name) => name.trim()),
      ['order', 'inventory', 'account'],
    )
    .addOption(scenarioOption(defaultMix))
    .addOption(stateOption())
    .addOption(jsonOption())
    .addHelpText(
      'after',
      '\nFirst the rate grows for 20 s, which are not counted. Each process is taken out of traffic, finishes what it has,\n' +
        'is asked to end, started again by the launcher, and taken back. The next one is replaced when the shop is calm again, or\n' +
        'after 20 s. Exit code 1: a request failed, a law is broken, or a process did not come back.\n',
    )
    .action(drillRollingRestart);
}

async function drillRollingRestart(options: RollingOptions): Promise<void> {
  const result = await perform(options);
  if (options.json) printJson(result);
  else {
    const laws = result.verdict === undefined ? [] : describeLaws(result.verdict);
    process.stdout.write(`\n${[describeRolling(result), ...laws].join('\n')}\n`);
  }
  process.exitCode = hasPassedRolling(result) ? 0 : 1;
}

async function perform({
  state: path,
  rounds,
  rate,
  services,
  scenario,
  json,
}: RollingOptions): Promise<RollingResult> {
  const { state, run } = requireRun(path);
  const control = ControlClient.ofRun(path);
  const members = new MembersClient(control);
  const names = await chooseMembers(members, services);
  const client = new FrontDoorClient(run.url);
  // With --json the output is one document, and the restarts are progress.
  const output = json ? process.stderr : process.stdout;
  output.write(`${restartsHeader}\n`);
  const restarts: Restart[] = [];
  const loads: LoadSeen[] = [];
  let failure: string | undefined;
  while (restarts.length < rounds && failure === undefined) {
    const until = Math.min(rounds, restarts.length + restartsUnderOneLoad);
    const load = { rate, mix: scenario, seed: loads.length + 1, report: showStatus };
    const seen = await underLoad(client, load, async () => {
      failure = await restartUntil(until, names, restarts, {
        state,
        url: run.url,
        members,
        report: (text) => showStatus(`restart ${restarts.length + 1} of ${rounds}: ${text}`),
        ended: (restart) => output.write(`${describeRestart(restart, restarts.length)}\n`),
      });
    });
    loads.push(seen);
  }
  return { rate, restarts, load: addUp(loads), verdict: await judge(control), failure };
}

/** A restart that does not come to its end is the last. @returns why, or undefined when all went well */
async function restartUntil(
  count: number,
  names: readonly string[],
  restarts: Restart[],
  parts: RestartParts & { readonly ended: (restart: Restart) => void },
): Promise<string | undefined> {
  while (restarts.length < count) {
    const name = names[restarts.length % names.length] ?? '';
    try {
      const restart = await withHealing((mendLater) => {
        mendLater(() => parts.members.undrain(name));
        return restartMember(parts, name);
      });
      restarts.push(restart);
      clearStatus();
      parts.ended(restart);
    } catch (error) {
      clearStatus();
      if (!(error instanceof Failure)) throw error;
      return `The restart of ${name} did not come to its end: ${error.message}`;
    }
  }
  return undefined;
}

/** In turn one of each service, so that two copies of one are not restarted one after the other. */
async function chooseMembers(client: MembersClient, services: readonly string[]): Promise<string[]> {
  const { members } = await client.list();
  const copies = services.map((service) => {
    const names = members.filter((one) => one.service === service).map(({ name }) => name);
    if (names.length < 2)
      throw new Failure(
        `There ${names.length === 0 ? 'is no copy' : 'is one copy'} of ${service}: it cannot be restarted unnoticed.`,
      );
    return names.sort();
  });
  const most = Math.max(...copies.map((names) => names.length));
  return Array.from({ length: most }, (_, turn) => copies.flatMap((names) => names[turn] ?? [])).flat();
}
