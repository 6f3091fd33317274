import { Option, type Command } from 'commander';

import { ControlClient } from '../control-client.js';
import { Failure } from '../failure.js';
import { openShopper } from '../open-shopper.js';
import { jsonOption, printJson, stateOption, type CommonOptions } from '../options.js';
import { hasColour, progress } from '../theatre/explain-order.js';
import { comparisonTable } from '../theatre/lab/comparison.js';
import { commitScenarios, type Act } from '../theatre/lab/commit-scenarios.js';
import { faultsOf, performAct, type PerformedAct } from '../theatre/lab/perform-scenario.js';
import { holdsOf } from '../theatre/measure.js';
import { describePerformance } from '../theatre/perform-order.js';
import { wrap } from '../wrap.js';

interface LabCommitOptions extends CommonOptions {
  readonly scenario?: string;
  readonly list?: true;
}

/** Longer than any fault of a scenario acts. */
const outcomeTimeoutMs = 20_000;
const textWidth = 100;

export function addLabCommit(lab: Command): void {
  lab
    .command('commit')
    .description('the weaknesses of two-phase commit, and what other protocols make of them')
    .addOption(
      new Option('--scenario <name>', 'which weakness').choices(commitScenarios.map(({ name }) => name)),
    )
    .option('--list', 'tell which scenarios there are')
    .addOption(stateOption())
    .addOption(jsonOption())
    .action(labCommit);
}

async function labCommit({ scenario: name, list, state, json }: LabCommitOptions): Promise<void> {
  if (list) return listScenarios(json === true);
  const scenario = commitScenarios.find((one) => one.name === name);
  if (scenario === undefined) throw new Failure('Name a --scenario; --list tells which there are.');
  const control = ControlClient.ofRun(state);
  const shopper = await openShopper(state, 'alice', outcomeTimeoutMs);
  const rival = await openShopper(state, 'bob', outcomeTimeoutMs);
  const [sku] = await shopper.listSkus();
  if (sku === undefined) throw new Failure('The shop has no products.');
  if (!json) process.stdout.write(`${scenario.name}\n${indented(scenario.weakness)}\n`);
  const acts: PerformedAct[] = [];
  for (const [index, act] of scenario.acts.entries()) {
    progress(`act ${index + 1} of ${scenario.acts.length}: ${act.title}`);
    const performed = await performAct({ control, shopper, rival, progress }, scenario, act, sku);
    acts.push(performed);
    if (!json) process.stdout.write(actText(index + 1, performed));
  }
  if (json) printJson({ scenario: scenario.name, weakness: scenario.weakness, acts: acts.map(actJson) });
  else process.stdout.write(`\n${comparisonTable(acts)}\n`);
  process.exitCode = acts.every(({ verdict }) => verdict.ok) ? 0 : 1;
}

function listScenarios(json: boolean): void {
  const shown = commitScenarios.map(({ name, weakness, acts }) => ({
    name,
    weakness,
    commands: acts.map(commandOf),
  }));
  if (json) return printJson(shown);
  for (const { name, weakness, commands } of shown) {
    process.stdout.write(
      `${name}\n${indented(weakness)}\n${commands.map((line) => `  ${line}\n`).join('')}\n`,
    );
  }
}

function indented(text: string): string {
  return wrap(text, textWidth)
    .map((line) => `  ${line}`)
    .join('\n');
}

/** The same act without the other customer. */
function commandOf({ protocol, faults, faultTtlMs }: Act): string {
  const written = faults.map((fault) => `--fault ${fault}`).join(' ');
  return `npx tristate order --protocol ${protocol} ${written} --fault-ttl ${faultTtlMs} --explain`;
}

function actText(number: number, performed: PerformedAct): string {
  const { act } = performed;
  const drawn = describePerformance(performed, faultsOf(act), hasColour());
  return `\n${number}. ${act.title}\n   ${act.faults.join('  ')}\n\n${drawn}`;
}

function actJson({ act, order, rival, transaction, verdict }: PerformedAct): object {
  const { events = [], log = [] } = transaction ?? {};
  return { ...act, order, rival, holds: holdsOf(events), events, log, verdict };
}
