import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { Failure } from '#cli/failure.js';
import { repositoryRoot } from '#cli/repository.js';
import type { CommitBenchResult } from '../commit/commit-result.js';
import type { DataBenchResult } from '../data/data-result.js';
import type { OrderBenchResult } from '../order/order-result.js';
import type { ProfileResult } from '../profile/profile-bench.js';
import { commitHeader, commitRows } from './commit-report.js';
import {
  cacheHeader,
  cacheRows,
  replicaHeader,
  replicaRows,
  synchronousHeader,
  synchronousRows,
} from './data-report.js';
import type { Machine } from './machine.js';
import { orderHeader, orderRows } from './order-report.js';
import { cpuRows, groupRows, groupServices } from './profile-report.js';
import { readResult } from './results-folder.js';
import { renderMarkdownTable } from '#cli/text-table.js';

export const docsPage = join(repositoryRoot, 'docs/benchmarks.md');

export function addDocs(program: Command): void {
  program
    .command('docs')
    .description('write the results that were measured last into docs/benchmarks.md')
    .action(() => {
      const order = readResult<OrderBenchResult>('order');
      const profile = readResult<ProfileResult>('order-profile');
      const commit = readResult<CommitBenchResult>('commit');
      const data = readResult<DataBenchResult>('data');
      writeFileSync(docsPage, fillPage(readFileSync(docsPage, 'utf8'), { order, profile, commit, data }));
    });
}

interface KeptResults {
  readonly order: OrderBenchResult | undefined;
  readonly profile: ProfileResult | undefined;
  readonly commit: CommitBenchResult | undefined;
  readonly data: DataBenchResult | undefined;
}

/** Puts results between the page's marks: no figure is there that was not measured. */
export function fillPage(page: string, { order, profile, commit, data }: KeptResults): string {
  const figures = {
    order: order === undefined ? notMeasured('order') : orderFigures(order),
    commit: commit === undefined ? notMeasured('commit') : commitFigures(commit),
    data: data === undefined ? notMeasured('data') : dataFigures(data),
    profile: profile === undefined ? notMeasured('order --profile') : profileFigures(profile),
  };
  return Object.entries(figures).reduce((filled, [mark, text]) => fill(filled, mark, text), page);
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

function commitFigures(result: CommitBenchResult): string {
  const { machine, seconds, warmUpSeconds, cases } = result;
  return [
    describe(machine),
    `Medians of ${cases[0]?.rounds.length ?? 0} rounds of ${seconds} s after ${warmUpSeconds} s of warm-up.`,
    '',
    renderMarkdownTable(commitHeader, commitRows(result)),
  ].join('\n');
}

function dataFigures({ machine, seconds, warmUpSeconds, ...parts }: DataBenchResult): string {
  const { reads, cache, synchronous } = parts;
  const rounds = (reads?.[0] ?? cache ?? synchronous)?.rounds.length ?? 0;
  return [
    describe(machine),
    `Medians of ${rounds} rounds of ${seconds} s after ${warmUpSeconds} s of warm-up.`,
    ...(reads === undefined ? [] : ['', renderMarkdownTable(replicaHeader, replicaRows(reads))]),
    ...(cache === undefined ? [] : ['', renderMarkdownTable(cacheHeader, cacheRows(cache))]),
    ...(synchronous === undefined
      ? []
      : ['', renderMarkdownTable(synchronousHeader, synchronousRows(synchronous))]),
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
