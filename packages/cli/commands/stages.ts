import type { Command } from 'commander';

import { listStages, serviceNames, type Values } from '../launcher/topology.js';
import { jsonOption, printJson, wholeNumber } from '../options.js';
import { chartFolder } from '../repository.js';
import { wrap } from '../wrap.js';

const width = 96;
const [listIndent, storyIndent] = [4, 15];

export function addStages(program: Command): void {
  program
    .command('stages')
    .description('the stages of the architecture, and what each changes; with a number, the story of one')
    .argument('[number]', 'of a stage', wholeNumber(1, 10))
    .addOption(jsonOption())
    .action(stages);
}

function stages(number: number | undefined, { json }: { readonly json?: true }): void {
  const all = listStages(chartFolder, number);
  if (json) {
    const told = all.map((values) => ({ ...values.stage, processes: processesOf(values) }));
    printJson(number === undefined ? told : told[0]);
  } else process.stdout.write(`${all.map(number === undefined ? describe : tell).join('\n\n')}\n`);
}

/** What changes, in short. */
export function describe(values: Values): string {
  const { number, name, change } = values.stage;
  return [
    `${String(number).padStart(2)}  ${name}`,
    `${' '.repeat(listIndent)}${block(change, listIndent)}`,
  ].join('\n');
}

/** The story of a stage. */
export function tell(values: Values): string {
  const { number, name, pressure, change, gain, newProblem } = values.stage;
  const paragraphs = [
    ['pressure', pressure],
    ['change', change],
    ['gain', gain],
    ['new problem', newProblem],
    ['processes', processesOf(values).join(', ')],
    ['start it', `npx tristate up --stage ${number}`],
  ] as const;
  const lines = paragraphs.map(
    ([title, text]) => `  ${title.padEnd(storyIndent - 2)}${block(text, storyIndent)}`,
  );
  return [`Stage ${number}, ${name}`, '', ...lines].join('\n');
}

/** Lines that begin at this column, but for the first. */
function block(text: string, column: number): string {
  return wrap(text, width - column).join(`\n${' '.repeat(column)}`);
}

/** `nginx`, `order 2 times`, … */
function processesOf({ services, frontDoor, redis, postgres }: Values): string[] {
  const times = (name: string, count: number): string[] =>
    count === 0 ? [] : [count === 1 ? name : `${name} ${count} times`];
  return [
    ...times('nginx', frontDoor.enabled ? 1 : 0),
    ...serviceNames.flatMap((name) => times(name, services[name].replicas)),
    ...times('Redis', redis.enabled ? 1 : 0),
    postgres.replicas === 0
      ? 'PostgreSQL'
      : `PostgreSQL as a primary with ${postgres.replicas} replica${postgres.replicas === 1 ? '' : 's'}`,
  ];
}
