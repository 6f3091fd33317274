import { escapeHtml } from './escape-html.js';

export interface PlotLine {
  readonly name: string;
  readonly points: readonly (readonly [x: number, y: number])[];
}

export interface Plot {
  readonly title: string;
  readonly lines: readonly PlotLine[];
  readonly xLabel: string;
  readonly yLabel: string;
  readonly yScale: 'linear' | 'log';
  /** Where the x axis is marked, and with what; evenly when left out. */
  readonly xTicks?: readonly (readonly [x: number, label: string])[];
}

const colours = [...['#2563eb', '#dc2626', '#059669', '#d97706', '#7c3aed', '#0891b2', '#db2777', '#65a30d']];

const width = 860;
const height = 320;
const margin = { left: 64, right: 30, top: 16, bottom: 44 };
const tickCount = 6;

/** A plot as inline SVG, with a legend below. */
export function renderPlot(plot: Plot): string {
  const { title, lines, xLabel, yLabel, yScale } = plot;
  const points = lines.flatMap((line) => [...line.points]).filter(([, y]) => yScale === 'linear' || y > 0);
  if (points.length === 0) return `<figure><figcaption>${escapeHtml(title)}: no data</figcaption></figure>`;
  const xs = points.map(([x]) => x);
  const [xLow, xHigh] = [least(xs), Math.max(most(xs), least(xs) + 1e-9)];
  const heights = points.map(([, y]) => y);
  const scale = yScale === 'linear' ? newLinearScale(heights) : newLogScale(heights);
  const [right, bottom] = [width - margin.right, height - margin.bottom];
  const toX = (x: number): number => margin.left + ((x - xLow) / (xHigh - xLow)) * (right - margin.left);
  const toY = (y: number): number => bottom - scale.place(y) * (bottom - margin.top);
  const ticks = plot.xTicks ?? niceTicks(xLow, xHigh).map((x) => [x, formatNumber(x)] as const);
  const grid = [
    ...scale.ticks.map((value) => {
      const y = toY(value).toFixed(1);
      const line = `<line class="grid" x1="${margin.left}" x2="${right}" y1="${y}" y2="${y}"/>`;
      return `${line}<text x="${margin.left - 8}" y="${y}" dy="4" text-anchor="end">${formatNumber(value)}</text>`;
    }),
    ...ticks
      .filter(([x]) => x >= xLow && x <= xHigh)
      .map(([at, label]) => {
        const x = toX(at).toFixed(1);
        const line = `<line class="grid" x1="${x}" x2="${x}" y1="${margin.top}" y2="${bottom}"/>`;
        return `${line}<text x="${x}" y="${bottom + 18}" text-anchor="middle">${escapeHtml(label)}</text>`;
      }),
  ];
  return [
    `<figure><figcaption>${escapeHtml(title)}</figcaption>`,
    `<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${escapeHtml(title)}">`,
    ...grid,
    `<text x="${width / 2}" y="${height - 6}" text-anchor="middle">${escapeHtml(xLabel)}</text>`,
    `<text transform="translate(14 ${height / 2}) rotate(-90)" text-anchor="middle">${escapeHtml(yLabel)}</text>`,
    ...lines.map(({ points: all }, index) => {
      const drawn = all.filter(([, y]) => yScale === 'linear' || y > 0);
      return renderLine(
        drawn.map(([x, y]) => `${toX(x).toFixed(1)},${toY(y).toFixed(1)}`),
        colourOf(index),
      );
    }),
    '</svg>',
    renderLegend(lines),
    '</figure>',
  ].join('\n');
}

function renderLine(places: readonly string[], colour: string): string {
  if (places.length === 1) {
    const [x = '0', y = '0'] = places[0]?.split(',') ?? [];
    return `<circle cx="${x}" cy="${y}" r="3" fill="${colour}"/>`;
  }
  return `<polyline fill="none" stroke="${colour}" stroke-width="1.8" points="${places.join(' ')}"/>`;
}

function renderLegend(lines: readonly PlotLine[]): string {
  const entries = lines.map(
    ({ name }, index) => `<span><i style="background:${colourOf(index)}"></i>${escapeHtml(name)}</span>`,
  );
  return `<p class="legend">${entries.join(' ')}</p>`;
}

function colourOf(index: number): string {
  return colours[index % colours.length] ?? '#000';
}

interface Scale {
  readonly ticks: readonly number[];
  /** From 0 at the bottom to 1 at the top. */
  place(value: number): number;
}

function newLinearScale(values: readonly number[]): Scale {
  const top = most(values) * 1.05 || 1;
  return { ticks: niceTicks(0, top), place: (value) => value / top };
}

/** From the tick below the least value to the tick above the greatest. */
function newLogScale(values: readonly number[]): Scale {
  const [lowest, highest] = [Math.floor(Math.log10(least(values))), Math.ceil(Math.log10(most(values)))];
  const decades = Array.from({ length: highest - lowest + 2 }, (_, index) => 10 ** (lowest + index));
  const steps = decades.length > 4 ? [1] : [1, 2, 5];
  const all = decades.flatMap((ten) => steps.map((step) => ten * step));
  const low = all.filter((tick) => tick <= least(values)).at(-1) ?? all[0] ?? 1;
  const high = all.find((tick) => tick >= most(values) && tick > low) ?? low * 10;
  const ticks = all.filter((tick) => tick >= low && tick <= high);
  const span = Math.log10(high / low);
  return { ticks, place: (value) => Math.log10(value / low) / span };
}

function niceTicks(low: number, high: number): number[] {
  const rough = (high - low) / tickCount;
  const ten = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * ten).find((candidate) => candidate >= rough) ?? ten;
  const first = Math.ceil(low / step);
  return Array.from({ length: Math.floor(high / step) - first + 1 }, (_, index) => (first + index) * step);
}

function formatNumber(value: number): string {
  return Number(value.toPrecision(6)).toLocaleString('en', { maximumFractionDigits: 3 });
}

function least(values: readonly number[]): number {
  return values.reduce((low, value) => Math.min(low, value), Infinity);
}

function most(values: readonly number[]): number {
  return values.reduce((high, value) => Math.max(high, value), -Infinity);
}
