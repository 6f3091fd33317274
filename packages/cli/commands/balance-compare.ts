import { writeFileSync } from 'node:fs';
import { InvalidArgumentError, Option, type Command } from 'commander';
import { clientStrategies, type ClientStrategy } from '#protocols/balancing/strategy.js';

import { describeCompare, renderCompareHtml } from '../balance-compare/compare-report.js';
import type { CompareResult } from '../balance-compare/compare-result.js';
import {
  compareScenarioNames,
  compareScenarios,
  type CompareScenarioName,
} from '../balance-compare/compare-scenario.js';
import { runCompare } from '../balance-compare/run-compare.js';
import { clearStatus, showStatus } from '../drill/status-line.js';
import { Failure } from '../failure.js';
import { jsonOption, printJson, wholeNumber } from '../options.js';

interface CompareCommandOptions {
  readonly strategies: readonly ClientStrategy[];
  readonly scenario: CompareScenarioName | 'all';
  readonly rounds: number;
  readonly seconds: number;
  readonly rate: number;
  readonly seed: number;
  readonly html?: string;
  readonly json?: true;
}

const mostRate = 5_000;

export function addBalanceCompare(balance: Command): void {
  balance
    .command('compare')
    .description('every strategy under the same load against the same back ends, which it starts itself')
    .addOption(
      new Option('--scenario <name>', 'what the back ends are like, or all')
        .choices([...compareScenarioNames, 'all'])
        .default('one-slow'),
    )
    .addOption(
      new Option('--strategies <list>', `all, or some of ${clientStrategies.join(',')}`)
        .argParser(parseStrategies)
        .default(clientStrategies, 'all'),
    )
    .option('--rounds <number>', 'how often each is measured', wholeNumber(1, 20), 3)
    .option('--seconds <number>', 'how long each time', wholeNumber(1, 60), 4)
    .option('--rate <number>', 'requests per second', wholeNumber(1, mostRate), 560)
    .option('--seed <number>', 'the same seed sends the same requests', wholeNumber(0, 0x7fffffff), 1)
    .option('--html <file>', 'write a report with plots')
    .addOption(jsonOption())
    .addHelpText('after', compareHelp)
    .action(compare);
}

const compareHelp = `
Scenarios:
${compareScenarioNames.map((name) => `  ${name.padEnd(16)}${compareScenarios[name].title}`).join('\n')}

It needs nginx and no running shop. What nginx knows is measured at a real nginx with the shop's configuration; least-request and
ewma, which only the services know among themselves, at a caller that chooses its back end itself.
`;

export function parseStrategies(text: string): ClientStrategy[] {
  if (text === 'all') return [...clientStrategies];
  const names = [...new Set(text.split(',').map((name) => name.trim()))];
  return names.map((name) => {
    const known = clientStrategies.find((strategy) => strategy === name);
    if (known !== undefined) return known;
    throw new InvalidArgumentError(
      `There is no strategy "${name}": all, or some of ${clientStrategies.join(', ')}.`,
    );
  });
}

async function compare(options: CompareCommandOptions): Promise<void> {
  const { scenario, html, json, ...rest } = options;
  const aborting = new AbortController();
  const abort = (): void => aborting.abort(new Failure('The comparison was ended before its time.'));
  process.once('SIGINT', abort);
  process.once('SIGTERM', abort);
  const results: CompareResult[] = [];
  for (const name of scenario === 'all' ? compareScenarioNames : [scenario]) {
    const result = await runCompare({
      ...rest,
      scenario: name,
      report: showStatus,
      signal: aborting.signal,
    });
    clearStatus();
    results.push(result);
    if (!json) process.stdout.write(`\n${describeCompare(result)}\n`);
  }
  if (html !== undefined) writeFileSync(html, renderCompareHtml(results, new Date()));
  if (json) printJson(results.map(withoutHistograms));
}

function withoutHistograms({ rows, ...result }: CompareResult): object {
  return { ...result, rows: rows.map(({ latency: _kept, ...row }) => row) };
}
