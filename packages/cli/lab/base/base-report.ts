import type { KindSummary, Summary } from './tally.js';

export interface BaseResult {
  readonly factor: number;
  readonly deadlineMs: number;
  readonly atOnce: number;
  /** What the shop does for so many at once, shedding nothing. */
  readonly capacity: Summary;
  readonly without: Summary;
  readonly with: Summary;
  /** What a visitor with time to spare saw of the shop while it shed load. */
  readonly observed: Summary;
  /** The laws that were broken afterwards. */
  readonly brokenLaws: readonly string[];
}

export function describeBase(result: BaseResult): string {
  const { factor, deadlineMs, atOnce, capacity, brokenLaws } = result;
  const columns = [capacity, result.without, result.with];
  const rowsOf = (kind: 'order' | 'page', title: string): string[][] => [
    [title, ...columns.map(({ [kind]: { offeredPerSecond } }) => perSecond(offeredPerSecond))],
    ['  good', ...columns.map(({ [kind]: one }) => perSecond(one.perSecond.good))],
    ...(kind === 'page'
      ? [['  good, from the cache', ...columns.map(({ page }) => perSecond(page.perSecond.degraded))]]
      : [['  PENDING', ...columns.map(({ order }) => perSecond(order.perSecond.pending))]]),
    ['  refused', ...columns.map(({ [kind]: one }) => perSecond(one.perSecond.refused))],
    ['  failed', ...columns.map(({ [kind]: one }) => perSecond(one.perSecond.failed))],
    ['  too late', ...columns.map(({ [kind]: one }) => perSecond(one.perSecond.timeout))],
    ['  p50, p99 of the good', ...columns.map(({ [kind]: one }) => latencies(one))],
    [
      '  p99 of a refusal',
      ...[capacity, result.without, result.observed].map(({ [kind]: one }) => ms(one.refusalP99Ms)),
    ],
  ];
  const rows = [
    ['per second', `${atOnce} at once`, `${factor} × without`, `${factor} × with shedding`],
    ...rowsOf('order', 'orders'),
    ...rowsOf('page', 'product pages'),
  ];
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  const table = rows.map((row) =>
    row
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join('  ')
      .trimEnd(),
  );
  const laws = brokenLaws.length === 0 ? 'All laws hold.' : `✗ Broken: ${brokenLaws.join(', ')}`;
  return [...table, '', `Good is an answer within ${deadlineMs} ms. ${judge(result)}`, laws].join('\n');
}

/** What is left of the capacity under the overload. */
export function judge({ capacity, without, with: shedding }: BaseResult): string {
  const share = (of: (summary: Summary) => number) => (summary: Summary) =>
    `${Math.round((100 * of(summary)) / Math.max(1, of(capacity)))} %`;
  const orders = share(({ order }) => order.goodputPerSecond);
  const all = share(({ order, page }) => order.goodputPerSecond + page.goodputPerSecond);
  return (
    `Of the orders that the shop can take, ${orders(without)} were confirmed in time without shedding, ` +
    `${orders(shedding)} with it; of orders and pages together, ${all(without)} and ${all(shedding)}.`
  );
}

function latencies({ p50Ms, p99Ms, goodputPerSecond }: KindSummary): string {
  return goodputPerSecond === 0 ? '-' : `${ms(p50Ms)}, ${ms(p99Ms)}`;
}

function ms(value: number | undefined): string {
  return value === undefined ? '-' : `${Math.round(value)} ms`;
}

function perSecond(value: number): string {
  return Math.round(value).toLocaleString('en');
}
