import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { Failure } from '#cli/failure.js';
import { repositoryRoot } from '#cli/repository.js';
import type { OrderBenchResult } from '../order/order-result.js';
import type { ProfileResult } from '../profile/profile-bench.js';
import type { Machine } from './machine.js';
import { orderHeader, orderRows } from './order-report.js';
import { cpuRows, groupRows, groupServices } from './profile-report.js';
import { readResult } from './results-folder.js';
import { renderMarkdownTable } from './table.js';

export const docsPage = join(repositoryRoot, 'docs/benchmarks.md');

export function addDocs(program: Command): void {
  program
    .command('docs')
    .description('write the results that were measured last into docs/benchmarks.md')
    .action(() => {
      const order = readResult<OrderBenchResult>('order');
      const profile = readResult<ProfileResult>('order-profile');
      writeFileSync(docsPage, fillPage(readFileSync(docsPage, 'utf8'), order, profile));
    });
}

/** Puts results between the page's marks: no figure is there that was not measured. */
export function fillPage(
  page: string,
  order: OrderBenchResult | undefined,
  profile: ProfileResult | undefined,
): string {
  const filled = fill(page, 'order', order === undefined ? notMeasured('order') : orderFigures(order));
  return fill(
    filled,
    'profile',
    profile === undefined ? notMeasured('order --profile') : profileFigures(profile),
  );
}

function fill(page: string, mark: string, text: string): string {
  const [begin, end] = [`<!-- ${mark}: npm run bench -- docs -->`, `<!-- end of ${mark} -->`];
  const [from, to] = [page.indexOf(begin), page.indexOf(end)];
  if (from === -1 || to === -1)
    throw new Failure(`${docsPage} has no place for "${mark}": ${begin} … ${end}`);
  return `${page.slice(0, from)}${begin}\n${text}\n${page.slice(to)}`;
}

function notMeasured(command: string): string {
  return `Not measured yet: \`npm run bench -- ${command}\`.`;
}

function orderFigures(result: OrderBenchResult): string {
  const { machine, seconds, warmUpSeconds, orders, reads } = result;
  const rounds = orders[0]?.rounds.length ?? reads?.rounds.length ?? 0;
  const share = Math.max(0, ...orders.flatMap((one) => one.rounds.map(({ loadCpuShare }) => loadCpuShare)));
  return [
    describe(machine),
    `Medians of ${rounds} rounds of ${seconds} s after ${warmUpSeconds} s of warm-up. ` +
      `The load generator took at most ${(share * 100).toFixed(0)} % of one core.`,
    '',
    renderMarkdownTable(orderHeader, orderRows(result)),
  ].join('\n');
}

function profileFigures(result: ProfileResult): string {
  return [
    describe(result.machine),
    `The saga with ${result.clients} clients, ${result.ordersPerSecond.toFixed(0)} orders/s while profiled.`,
    '',
    renderMarkdownTable(
      ['CPU, as the kernel counts it', 'ms for an order'],
      cpuRows(result).map(([part = '', , ms = '']) => [part, ms]),
    ),
    '',
    renderMarkdownTable(['ms for an order, by the profiles', ...groupServices(result)], groupRows(result)),
  ].join('\n');
}

function describe({ cpu, cores, memoryGiB, kernel, versions, commit, date, loadAverage }: Machine): string {
  const programs = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  return `${date.slice(0, 10)}, commit ${commit}: ${cpu}, ${cores} cores, ${memoryGiB} GiB, ${kernel}; ${programs.join(', ')}; load average before the run ${loadAverage}.`;
}
