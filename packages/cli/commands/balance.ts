import { Argument, InvalidArgumentError, Option, type Command } from 'commander';

import {
  clientStrategies,
  frontDoorStrategies,
  leastWeight,
  mostWeight,
  type ClientStrategy,
  type FrontDoorStrategy,
} from '#protocols/balancing/strategy.js';
import {
  changeBalancing,
  frontDoorFollows,
  readBalancing,
  type Balancing,
  type BalancingChange,
} from '../balance/balancing-control.js';
import { ControlClient } from '../control-client.js';
import { Failure } from '../failure.js';
import { requireRun } from '../launcher/require-run.js';
import { jsonOption, printJson, stateOption, type CommonOptions } from '../options.js';
import { addBalanceCompare } from './balance-compare.js';

interface SetOptions extends CommonOptions {
  readonly grpc?: ClientStrategy;
  readonly adaptive?: 'on' | 'off';
  readonly weight?: Record<string, number>;
}

export function addBalance(program: Command): void {
  const balance = program
    .command('balance')
    .description('how nginx, and the services among themselves, choose one of several copies');
  balance
    .command('show')
    .description('show the strategies and weights in force')
    .addOption(stateOption())
    .addOption(jsonOption())
    .action(async ({ state, json }: CommonOptions) =>
      show(await readBalancing(ControlClient.ofRun(state)), json),
    );
  balance
    .command('set')
    .description('change them while the shop is open; what is not named stays as it is')
    .addArgument(new Argument('[strategy]', 'of nginx').choices(frontDoorStrategies))
    .addOption(new Option('--grpc <strategy>', 'between the services').choices(clientStrategies))
    .addOption(new Option('--adaptive <on|off>', 'whether weights follow the load').choices(['on', 'off']))
    .addOption(
      new Option('--weight <name=weight>', 'of a process, 100 is a full share; may be given again').argParser(
        addWeight,
      ),
    )
    .addOption(stateOption())
    .addOption(jsonOption())
    .addHelpText(
      'after',
      '\nExamples:\n  npx tristate balance set least-conn --grpc ewma\n  npx tristate balance set weighted --weight order-1=300 --weight order-2=100',
    )
    .action(set);
  addBalanceCompare(balance);
}

async function set(frontDoor: FrontDoorStrategy | undefined, options: SetOptions): Promise<void> {
  const change = changeOf(frontDoor, options);
  if (Object.keys(change).length === 0)
    throw new Failure('Name what is to be changed: a strategy, --grpc, --adaptive or --weight.');
  const { run } = requireRun(options.state);
  const balancing = await changeBalancing(ControlClient.ofRun(options.state), change);
  const follows = await frontDoorFollows(run.url, balancing.frontDoor);
  show(balancing, options.json);
  if (!follows)
    throw new Failure('nginx has not taken it over yet; its log may say why (.tristate/logs/nginx.log).');
}

function changeOf(frontDoor: FrontDoorStrategy | undefined, options: SetOptions): BalancingChange {
  const { grpc, adaptive, weight } = options;
  return {
    ...(frontDoor !== undefined && { frontDoor }),
    ...(grpc !== undefined && { grpc }),
    ...(adaptive !== undefined && { adaptive: adaptive === 'on' }),
    ...(weight !== undefined && { weights: weight }),
  };
}

/** Reads one `NAME=WEIGHT`, and adds it to those before. */
export function addWeight(
  text: string,
  before: Readonly<Record<string, number>> | undefined,
): Record<string, number> {
  const [, name = '', digits = ''] = /^([a-z0-9.-]+)=(\d+)$/.exec(text) ?? [];
  const weight = Number(digits);
  if (name === '' || weight < leastWeight || weight > mostWeight) {
    throw new InvalidArgumentError(
      `Write NAME=WEIGHT, with a whole number from ${leastWeight} to ${mostWeight}.`,
    );
  }
  return { ...before, [name]: weight };
}

function show(balancing: Balancing, json: true | undefined): void {
  if (json) return printJson(balancing);
  process.stdout.write(`${describeBalancing(balancing).join('\n')}\n`);
}

export function describeBalancing({ frontDoor, grpc, adaptive, weights }: Balancing): string[] {
  const names = Object.keys(weights);
  const width = Math.max(...names.map((name) => name.length), 'between services'.length);
  const isBlind = frontDoor === 'round-robin' && grpc === 'round-robin';
  return [
    `${'nginx'.padEnd(width)}  ${frontDoor}`,
    `${'between services'.padEnd(width)}  ${grpc}`,
    `${'weights'.padEnd(width)}  ${adaptive ? 'follow the load' : 'as they were set'}${isBlind ? '; round-robin does not look at them' : ''}`,
    ...names.map((name) => `${`  ${name}`.padEnd(width)}  ${weights[name]}`),
  ];
}
