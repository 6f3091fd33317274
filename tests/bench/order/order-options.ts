import { InvalidArgumentError, type Command } from 'commander';
import { jsonOption, wholeNumber } from '#cli/options.js';
import { customerCount } from '../limit/order-script.js';

export const caseNames = ['saga', '2pc', 'local', 'reads'] as const;
export type CaseName = (typeof caseNames)[number];

/** How long and how often to measure. */
export interface TimeOptions {
  readonly seconds: number;
  readonly warmUp: number;
  readonly rounds: number;
  readonly json?: true;
}

export interface RoundOptions extends TimeOptions {
  readonly clients: readonly number[];
}

export interface OrderBenchOptions extends RoundOptions {
  readonly only: readonly CaseName[];
  readonly profile?: true;
}

const longestRoundSeconds = 60;
const mostRounds = 20;

export function addTimeOptions(command: Command): Command {
  return command
    .option(
      '--seconds <number>',
      'length of a measurement in seconds',
      wholeNumber(1, longestRoundSeconds),
      5,
    )
    .option(
      '--warm-up <seconds>',
      'load before the first measurement of a case',
      wholeNumber(1, longestRoundSeconds),
      5,
    )
    .option('--rounds <number>', 'rounds, of which the medians count', wholeNumber(1, mostRounds), 3);
}

export function addRoundOptions(command: Command): Command {
  return addTimeOptions(command).option(
    '--clients <list>',
    'numbers of customers that order side by side',
    readClients,
    [1, 16, 64],
  );
}

export function addOrderOptions(command: Command): Command {
  return addRoundOptions(command)
    .option('--only <list>', `which of ${caseNames.join(', ')}`, readCases, [...caseNames])
    .option('--profile', 'profile the services under the saga with 16 clients instead')
    .addOption(jsonOption());
}

function readClients(text: string): number[] {
  return text.split(',').map((part) => wholeNumber(1, customerCount)(part));
}

function readCases(text: string): CaseName[] {
  return text.split(',').map((part) => {
    const found = caseNames.find((name) => name === part);
    if (found === undefined) throw new InvalidArgumentError(`Each must be one of ${caseNames.join(', ')}.`);
    return found;
  });
}
