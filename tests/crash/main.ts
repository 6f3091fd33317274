import { Command, InvalidArgumentError, Option } from 'commander';
import { newProgress } from '#bootstrap/progress.mjs';
import { Failure } from '#cli/failure.js';
import { jsonOption, printJson } from '#cli/options.js';
import { withPlatform } from '../bench/platform/with-platform.js';
import { describeMachine } from '../bench/report/machine.js';
import { runProgram } from '../run-program.js';
import { saveResult } from '../bench/report/results-folder.js';
import { renderTable } from '#cli/text-table.js';
import {
  casesOf,
  crashActions,
  nameOf,
  provenProtocols,
  type CrashAction,
  type CrashCase,
  type ProvenProtocol,
} from './cases.js';
import { runCase, type CaseReport } from './run-case.js';
import { openShop } from './running-shop.js';

interface CrashOptions {
  readonly protocol: readonly ProvenProtocol[];
  readonly action: readonly CrashAction[];
  readonly point?: string;
  readonly list?: true;
  readonly json?: true;
}

const stage = 10;

/** The command line of `npm run crash`. The exit code is 1 for a violation, 2 for wrong usage. */
export async function main(args: readonly string[]): Promise<void> {
  const program = new Command('npm run crash --')
    .description('Goes through every failpoint of every protocol on real processes, with a stream of orders.')
    .option(
      '--protocol <list>',
      `all, or which of ${provenProtocols.join(', ')}`,
      readProtocols,
      provenProtocols,
    )
    .option('--action <list>', `which of ${crashActions.join(', ')}`, readActions, crashActions)
    .option('--point <text>', 'only failpoints whose name contains this text')
    .addOption(new Option('--list', 'print the cases and run nothing'))
    .addOption(jsonOption())
    .showHelpAfterError('(add --help for what there is)')
    .exitOverride()
    .action(run);
  await runProgram(program, args);
}

async function run({ protocol, action, point, list, json }: CrashOptions): Promise<void> {
  const cases = protocol
    .flatMap((name) => casesOf(name, action))
    .filter((one) => point === undefined || one.point.includes(point));
  if (cases.length === 0) throw new Failure(`No failpoint has "${point}" in its name.`);
  if (list) {
    process.stdout.write(`${cases.map(nameOf).join('\n')}\n${cases.length} cases\n`);
    return;
  }
  const machine = describeMachine({});
  const reports = await runAll(cases);
  const result = { machine, cases: reports };
  saveResult('crash', result);
  if (json) printJson(result);
  else process.stdout.write(`\n${render(reports)}\n`);
  process.exitCode = reports.some(({ violations }) => violations.length > 0) ? 1 : 0;
}

async function runAll(cases: readonly CrashCase[]): Promise<CaseReport[]> {
  const progress = newProgress({ stream: process.stderr });
  const reports: CaseReport[] = [];
  await withPlatform({ stage, progress }, async (platform) => {
    const shop = await openShop(platform.platform.state);
    for (const [index, one] of cases.entries()) {
      const title = `${index + 1} of ${cases.length}  ${nameOf(one)}`;
      const report = await progress.step(title, () => runCase(shop, one));
      if (report.acted === 0) progress.line(`  ! no order came by`);
      for (const violation of report.violations) progress.line(`  ✗ ${violation}`);
      reports.push(report);
    }
  });
  return reports;
}

function render(reports: readonly CaseReport[]): string {
  const rows = provenProtocols.flatMap((protocol) => {
    const own = reports.filter((report) => report.protocol === protocol);
    if (own.length === 0) return [];
    const sum = (pick: (report: CaseReport) => number): string =>
      String(own.reduce((total, report) => total + pick(report), 0));
    return [
      [
        protocol,
        String(own.length),
        sum(({ acted }) => (acted > 0 ? 1 : 0)),
        sum(({ confirmed }) => confirmed),
        sum(({ rejected }) => rejected),
        sum(({ repaired }) => repaired),
        (Math.max(...own.map(({ settledMs }) => settledMs)) / 1000).toFixed(1),
        sum(({ violations }) => (violations.length > 0 ? 1 : 0)),
      ],
    ];
  });
  const header = ['protocol', 'cases', 'reached', 'confirmed', 'rejected', 'repaired', 'slowest s', 'failed'];
  return renderTable(header, rows);
}

function readProtocols(text: string): readonly ProvenProtocol[] {
  return text === 'all' ? provenProtocols : readList(text, provenProtocols);
}

function readActions(text: string): readonly CrashAction[] {
  return readList(text, crashActions);
}

function readList<Name extends string>(text: string, known: readonly Name[]): Name[] {
  return text.split(',').map((part) => {
    const found = known.find((name) => name === part);
    if (found === undefined) throw new InvalidArgumentError(`Each must be one of ${known.join(', ')}.`);
    return found;
  });
}
