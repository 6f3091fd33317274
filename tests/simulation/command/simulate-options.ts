import { Command, InvalidArgumentError, Option } from 'commander';
import { commitProtocols, type CommitProtocolName } from '#protocols/commit/catalogue.js';

export interface SimulateOptions {
  readonly protocols: readonly CommitProtocolName[];
  readonly schedules: number;
  readonly seed: number;
  readonly workers: number;
  readonly without: readonly string[];
  readonly json: boolean;
  readonly verbose: boolean;
}

const names = Object.keys(commitProtocols) as CommitProtocolName[];
const mostSchedules = 1_000_000_000;
const mostWorkers = 64;

/** Exits with a message when the arguments are wrong, or help is asked for. */
export function parseOptions(args: readonly string[]): SimulateOptions {
  const command = new Command('npm run simulate --')
    .description(
      'Runs a simulated shop under faults, many times: each schedule is given by its seed, and every law is checked after every change.',
    )
    .addOption(new Option('--protocol <name>', 'which protocol').choices(['all', ...names]).default('all'))
    .option(
      '--schedules <count>',
      'how many schedules, shared by the protocols',
      whole(1, mostSchedules),
      10_000,
    )
    .option('--seed <number>', 'the first seed; the others follow it', whole(0, 2 ** 52), 1987)
    .option('--workers <count>', 'how many cores to use', whole(1, mostWorkers), 2)
    .option('--without <names>', 'leave out parts of the schedules, as a failure’s report names them', '')
    .option('--verbose', 'list the failpoints at which no fault has acted', false)
    .option('--json', 'print the result as JSON', false)
    .allowExcessArguments(false);
  command.parse(args, { from: 'user' });
  const options = command.opts<
    Omit<SimulateOptions, 'protocols' | 'without'> & { protocol: string; without: string }
  >();
  const { protocol, without, ...others } = options;
  return {
    ...others,
    protocols: protocol === 'all' ? names : names.filter((name) => name === protocol),
    without: without.split(',').filter((name) => name !== ''),
  };
}

function whole(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < least || value > most)
      throw new InvalidArgumentError(`It has to be a whole number from ${least} to ${most}.`);
    return value;
  };
}
