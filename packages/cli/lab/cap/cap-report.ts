import type { CapAct } from './cap-act.js';

export function describeCap(acts: readonly CapAct[]): string {
  const rows = [
    ['', ...acts.map(({ synchronous }) => titleOf(synchronous))],
    ['accepted while cut off', ...acts.map(({ accepted }) => whole(accepted))],
    ['refused', ...acts.map(({ refused }) => describeCounts(refused))],
    [
      'first refusal after',
      ...acts.map(({ firstRefusalMs: ms }) => (ms === undefined ? '-' : `${whole(ms)} ms`)),
    ],
    ['outcome unknown', ...acts.map(({ unknown }) => describeCounts(unknown))],
    ['failover', ...acts.map(({ from, to }) => `${from} → ${to}`)],
    ['lost of the accepted', ...acts.map(({ lost }) => whole(lost))],
    ['lost from before the cut', ...acts.map(({ lostBefore }) => whole(lostBefore))],
  ];
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  const table = rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  return [...table, '', ...acts.map(judgeAct)].join('\n');
}

/** Whether each mode has kept what it promises; an asynchronous one promises nothing of the accepted orders. */
export function hasKeptPromises(acts: readonly CapAct[]): boolean {
  return acts.every(({ synchronous, lost, lostBefore }) => synchronous === 'none' || lost + lostBefore === 0);
}

export function judgeAct(act: CapAct): string {
  const { synchronous, accepted, refused, lost, lostBefore, seconds } = act;
  const refusals = Object.values(refused).reduce((sum, count) => sum + count, 0);
  if (synchronous === 'none') {
    const end =
      lost === 0
        ? 'by luck none was lost'
        : `${whole(lost)} of them were lost, although each had been answered with 201`;
    return `AP stays available: ${whole(accepted)} orders were accepted in ${seconds} s without a replica, and ${end}.`;
  }
  if (lost + lostBefore > 0)
    return `✗ CP has broken its promise: ${whole(lost + lostBefore)} acknowledged orders were lost.`;
  return `CP stays consistent: ${whole(refusals)} orders were refused in ${seconds} s without a replica, and nothing accepted was lost.`;
}

function titleOf(synchronous: CapAct['synchronous']): string {
  return `${synchronous === 'none' ? 'AP' : 'CP'} (synchronous ${synchronous})`;
}

function describeCounts(counts: Readonly<Record<string, number>>): string {
  return (
    Object.entries(counts)
      .map(([reason, count]) => `${whole(count)} ${reason}`)
      .join(', ') || '0'
  );
}

function whole(value: number): string {
  return Math.round(value).toLocaleString('en');
}
