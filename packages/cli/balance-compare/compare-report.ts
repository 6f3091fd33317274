import { percentileCurve } from '../load/report/load-html.js';
import { renderHtmlTable, renderPage, renderParagraph } from '../load/report/html-page.js';
import { renderTable } from '../text-table.js';
import { titleOf, winnersOf, type CompareResult, type CompareRow } from './compare-result.js';
import { compareScenarios } from './compare-scenario.js';
import { tieShare } from './order-agreement.js';

const header = [
  ...['strategy', 'chosen by', 'shares %', 'fairness', 'p50 ms', 'p95', 'p99', 'p99.9'],
  ...['errors', 'retries', 'moved'],
];

export function describeCompare(result: CompareResult): string {
  const { scenario, rows } = result;
  return [
    `${titleOf(scenario)}. ${compareScenarios[scenario].question}`,
    describeLoad(result),
    '',
    renderTable(header, rows.map(cells)),
    '',
    ...winnersOf(result).map(({ at, strategies, value }) => `${at}: ${named(strategies, rows)} (${value})`),
    '',
    describeAgreement(result),
    ...describeMissed(result),
  ].join('\n');
}

function cells(row: CompareRow): string[] {
  const { strategy, side, shares, fairness, p50Ms, p95Ms, p99Ms, p999Ms, movedShare } = row;
  return [
    strategy,
    side,
    Object.values(shares)
      .map((share) => (share * 100).toFixed(0))
      .join('/'),
    fairness.toFixed(3),
    ...[p50Ms, p95Ms, p99Ms, p999Ms].map((ms) => ms.toFixed(1)),
    String(row.errorCount),
    String(row.retries),
    movedShare === undefined ? '-' : `${(movedShare * 100).toFixed(0)} %`,
  ];
}

function named(strategies: readonly string[], rows: readonly CompareRow[]): string {
  return strategies.length === rows.length && rows.length > 1 ? 'a draw' : strategies.join(', ');
}

function describeLoad({ rate, seconds, seed, rows }: CompareResult): string {
  const rounds = rows[0]?.rounds.length ?? 0;
  return (
    `${rate} requests/s for ${seconds} s, seed ${seed}; ${rounds === 1 ? 'one round' : `medians of ${rounds} rounds`}. Latencies count from the schedule, of right ` +
    'answers alone; errors are refusals of a full back end, and answers that did not come. Fairness is Jain’s index of the ' +
    'answers in proportion to the weights; moved is the share of clients with another back end after one of them left the list.'
  );
}

function describeAgreement({ contradictions, rows }: CompareResult): string {
  const rounds = rows[0]?.rounds.length ?? 0;
  if (rounds < 2) return 'One round says nothing of how repeatable it is.';
  const tie = `differences below ${tieShare * 100} % count as a tie`;
  if (contradictions.length === 0)
    return `The ${rounds} rounds agree on the order of the strategies in p99 (${tie}).`;
  const pairs = contradictions.map(({ one, other }) => `${one} and ${other}`);
  return `The ${rounds} rounds do not agree on the order in p99 of ${pairs.join('; ')} (${tie}).`;
}

function describeMissed({ missedSchedules }: CompareResult): string[] {
  if (missedSchedules === 0) return [];
  return [
    `! In ${missedSchedules} of the runs the load tester could not keep its schedule: the back ends stood still, or the machine had other work.`,
  ];
}

/** The comparison as a page that can be sent to somebody else. */
export function renderCompareHtml(results: readonly CompareResult[], madeAt: Date): string {
  return renderPage('Balancing strategies compared', [
    renderParagraph(madeAt.toISOString(), 'dim'),
    ...results.flatMap((result) => scenarioParts(result)),
  ]);
}

function scenarioParts(result: CompareResult): string[] {
  const { scenario, rows } = result;
  const best = bestCells(rows);
  return [
    `<h2>${titleOf(scenario)}</h2>`,
    renderParagraph(compareScenarios[scenario].question),
    renderHtmlTable(header, rows.map(cells), (row, column) => best.has(`${row},${column}`)),
    '<ul>',
    ...winnersOf(result).map(
      ({ at, strategies, value }) => `<li>${at}: <b>${named(strategies, rows)}</b> (${value})</li>`,
    ),
    '</ul>',
    renderParagraph(describeAgreement(result)),
    ...describeMissed(result).map((text) => renderParagraph(text, 'warning')),
    percentileCurve(rows.map(({ strategy, latency }) => ({ name: strategy, histogram: latency }))),
    renderParagraph(describeLoad(result), 'dim'),
  ];
}

/** The best of each column of latencies, by row and column. */
function bestCells(rows: readonly CompareRow[]): ReadonlySet<string> {
  const columns: ReadonlyArray<[number, (row: CompareRow) => number]> = [
    [3, ({ fairness }) => -fairness],
    [4, ({ p50Ms }) => p50Ms],
    [5, ({ p95Ms }) => p95Ms],
    [6, ({ p99Ms }) => p99Ms],
    [7, ({ p999Ms }) => p999Ms],
  ];
  return new Set(
    columns.map(([column, cost]) => {
      const costs = rows.map(cost);
      return `${costs.indexOf(Math.min(...costs))},${column}`;
    }),
  );
}
