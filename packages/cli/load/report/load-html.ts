import { histogramRelativeError, type Histogram } from '#protocols/histogram.js';
import { errorCount, type LoadResult } from '../load-result.js';
import { renderHtmlTable, renderPage, renderParagraph } from './html-page.js';
import { describePlan, summarizeLatency } from './load-summary.js';
import { sorted } from './load-text.js';
import { renderPlot, type PlotLine } from './svg-plot.js';

/** The result as a page with plots that can be sent to somebody else. */
export function renderLoadHtml(result: LoadResult, madeAt: Date): string {
  const { plan, schedule, rates, total } = result;
  const parts = [
    renderParagraph(`http://${plan.host}:${plan.port}, ${madeAt.toISOString()}. ${describePlan(plan)}`),
    ...(schedule.kind === 'no-schedule'
      ? []
      : [renderParagraph(schedule.text, schedule.kind === 'kept' ? 'plain' : 'warning')]),
    renderParagraph(
      `${rates.answered.toFixed(0)} right answers/s; ${errorCount(total)} errors; ${total.retries} requests sent again.`,
    ),
    renderHtmlTable(
      ['', 'answers', 'mean ms', 'p50', 'p90', 'p95', 'p99', 'p99.9', 'max'],
      [
        latencyCells('all', total.latency),
        ...sorted(result.kinds).map(([name, { latency }]) => latencyCells(name, latency)),
        ...sorted(result.backEnds).map(([name, latency]) => latencyCells(`from ${name}`, latency)),
      ],
    ),
    latencyOverTime(result),
    rateOverTime(result),
    percentileCurve([
      { name: 'all', histogram: total.latency },
      ...sorted(result.backEnds).map(([name, histogram]) => ({ name, histogram })),
    ]),
    shareOverTime(result),
    ...errorTable(result),
    renderParagraph(
      `A latency is right within ${(histogramRelativeError * 100).toFixed(1)} % of itself: half the width of the histogram's buckets.`,
      'dim',
    ),
  ];
  return renderPage('Load', parts);
}

function latencyCells(name: string, latency: Histogram): string[] {
  const { count, meanMs, p50Ms, p90Ms, p95Ms, p99Ms, p999Ms, maxMs } = summarizeLatency(latency);
  const latencies = [meanMs, p50Ms, p90Ms, p95Ms, p99Ms, p999Ms, maxMs].map((ms) => ms.toFixed(2));
  return [name, String(count), ...latencies];
}

function overTime({ seconds }: LoadResult, name: string, of: (second: number) => number): PlotLine {
  return { name, points: seconds.map((_, second) => [second, of(second)]) };
}

function latencyOverTime(result: LoadResult): string {
  const quantile = (share: number) => (second: number) =>
    (result.seconds[second]?.latency.quantileUs(share) ?? 0) / 1000;
  return renderPlot({
    title: 'Latency over time, by the second in which a request was due',
    lines: [0.5, 0.9, 0.99, 0.999].map((share) => overTime(result, `p${share * 100}`, quantile(share))),
    xLabel: 'second of the run',
    yLabel: 'ms',
    yScale: 'log',
  });
}

function rateOverTime(result: LoadResult): string {
  const { seconds, plan } = result;
  const lines = [
    ...(plan.loop.kind === 'open' ? [overTime(result, 'due', (second) => seconds[second]?.due ?? 0)] : []),
    overTime(result, 'right answers', (second) => seconds[second]?.latency.count ?? 0),
    overTime(result, 'errors', (second) => errorCount(seconds[second] ?? { errors: {} })),
  ];
  const title = 'Requests of each second, and what became of them';
  return renderPlot({ title, lines, xLabel: 'second of the run', yLabel: 'requests', yScale: 'linear' });
}

const curve = [
  ...[0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.925, 0.95, 0.97, 0.98, 0.99],
  ...[0.995, 0.998, 0.999, 0.9995, 0.9998, 0.9999, 0.99999],
];
const curveTicks = [0, 0.5, 0.9, 0.99, 0.999, 0.9999, 0.99999];

/** Each unit along x takes the slowest requests apart by another factor of ten. */
export function percentileCurve(
  named: readonly { readonly name: string; readonly histogram: Histogram }[],
): string {
  const place = (share: number): number => -Math.log10(1 - share);
  const lines = named.map(({ name, histogram }) => ({
    name,
    // A percentile that no request stands for would be a guess.
    points: curve
      .filter((share) => (1 - share) * histogram.count >= 1)
      .map((share) => [place(share), histogram.quantileUs(share) / 1000] as const),
  }));
  return renderPlot({
    title: 'Latency by percentile',
    lines,
    xLabel: 'percentile',
    yLabel: 'ms',
    yScale: 'log',
    xTicks: curveTicks.map((share) => [place(share), `${Number((share * 100).toPrecision(7))} %`]),
  });
}

function shareOverTime(result: LoadResult): string {
  const lines = sorted(result.backEnds).map(([name]) =>
    overTime(result, name, (second) => {
      const counts = result.seconds[second];
      return (100 * (counts?.backEndCounts[name] ?? 0)) / Math.max(1, counts?.latency.count ?? 0);
    }),
  );
  const title = 'Share of the answers that each back end gave';
  return renderPlot({ title, lines, xLabel: 'second of the run', yLabel: '%', yScale: 'linear' });
}

function errorTable({ total }: LoadResult): string[] {
  const rows = Object.entries(total.errors).map(([kind, count]) => [kind, String(count)]);
  return rows.length === 0
    ? []
    : ['<h2>Errors, which the latencies leave out</h2>', renderHtmlTable(['kind', 'requests'], rows)];
}
