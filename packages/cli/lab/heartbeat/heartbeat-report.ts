import type { Acts, EndAct, ExperimentPlan } from './heartbeat-experiment.js';

/** One column for each detector, one row for each thing that happened. */
export function heartbeatReport({ lossShare, rounds, seed }: ExperimentPlan, acts: readonly Acts[]): string {
  const [first] = acts;
  const pauseRows = (first?.pauses ?? []).map(({ pauseMs, pauses }, row) => [
    `evicted in ${pauses} pauses of ${pauseMs} ms`,
    ...acts.map(({ pauses: each }) => `${each[row]?.falseEvictions ?? 0}`),
  ]);
  const endRow = (title: string, of: (acts: Acts) => EndAct): string[] => [
    title,
    ...acts.map((one) => describeEnd(of(one))),
  ];
  const rows = [
    ['', ...acts.map(({ detector }) => detector)],
    ...pauseRows,
    endRow(`noticed ${rounds} kills after`, ({ kills }) => kills),
    endRow(`noticed ${rounds} silent machines after`, ({ cuts }) => cuts),
    [
      'evicted before it was killed or silent',
      ...acts.map(({ kills, cuts }) => `${kills.falseEvictions + cuts.falseEvictions}`),
    ],
  ];
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  const lines = rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  const head =
    `The detectors of the registry on one simulated trace (seed ${seed}): a beat each 200 ms, ` +
    `${Math.round(lossShare * 100)} % of beats and probes lost.\n` +
    'An eviction in a pause is a mistake: the process was alive.';
  return `${head}\n\n${lines.join('\n')}\n`;
}

function describeEnd({ detectedMs, undetected }: EndAct): string {
  const missed = undetected === 0 ? '' : `, ${undetected} never`;
  return `p50 ${Math.round(detectedMs.p50)} ms, max ${Math.round(detectedMs.max)} ms${missed}`;
}
