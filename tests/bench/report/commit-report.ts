import { leastCosts, type CommitBenchResult } from '../commit/commit-result.js';
import { renderTable } from '#cli/text-table.js';

export const commitHeader = [
  'case',
  'clients',
  'orders/s',
  'p50 ms',
  'p99 ms',
  'limit/s',
  'of the limit',
  'of the best limit',
  'messages (least)',
  'log writes',
  'WAL flushes (least alone)',
] as const;

/** The last three columns are for each order; orders at the same time share flushes, which one alone cannot. */
export function commitRows({ cases }: CommitBenchResult): string[][] {
  return cases.map((figures) => {
    const alike = cases.filter(({ case: name, skew }) => name === figures.case && skew === figures.skew);
    const { messages, flushes } = leastCosts[figures.case];
    const bestLimit = Math.max(...alike.map(({ limitPerSecond }) => limitPerSecond));
    return [
      `${figures.case}${figures.skew === 'hot' ? ', one product' : ''}`,
      String(figures.clients),
      figures.ordersPerSecond.toFixed(0),
      figures.p50Ms.toFixed(1),
      figures.p99Ms.toFixed(1),
      figures.limitPerSecond.toFixed(0),
      figures.ratio.toFixed(2),
      (figures.ordersPerSecond / bestLimit).toFixed(2),
      `${figures.perOrder.messages.toFixed(1)} (${messages})`,
      figures.perOrder.logWrites.toFixed(2),
      `${figures.perOrder.walFlushes.toFixed(2)} (${flushes})`,
    ];
  });
}

export function renderCommitReport(result: CommitBenchResult): string {
  const { cpu, cores, memoryGiB, kernel, versions, commit, date, loadAverage } = result.machine;
  const others = result.cases.flatMap(({ case: name, skew, clients, otherAnswers }) => {
    const counts = Object.entries(otherAnswers).map(([status, count]) => `${count} × ${status}`);
    return counts.length === 0
      ? []
      : [`! ${name}, ${skew}, ${clients} clients: not only 201, but also ${counts.join(', ')}`];
  });
  return [
    `${cpu}, ${cores} cores, ${memoryGiB} GiB, ${kernel}`,
    `${Object.entries(versions)
      .map(([name, version]) => `${name} ${version}`)
      .join(', ')}, commit ${commit}, ${date}, load average ${loadAverage}`,
    '',
    renderTable(commitHeader, commitRows(result)),
    '',
    ...others,
  ].join('\n');
}
