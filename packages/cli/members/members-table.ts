import type { ListedMember, ListedMembers } from '#platform/membership/listed-members.js';

const columns: readonly [title: string, of: (member: ListedMember) => string][] = [
  ['name', ({ name }) => name],
  ['state', ({ state, draining }) => (draining ? `${state}, draining` : state)],
  ['for', ({ sinceMs }) => describeDuration(sinceMs)],
  ['share', ({ weight, slowStartShare }) => `${Math.round(weight * slowStartShare)} %`],
  ['φ', ({ phi }) => phi.toFixed(1)],
  ['missed', ({ missedBeats }) => String(missedBeats)],
  ['suspected by', ({ detectors: { periodic, phi } }) => suspectedBy(periodic, phi)],
  ['load', ({ load }) => `${Math.round(load * 100)} %`],
  ['in flight', ({ inFlight, underPressure }) => `${inFlight}${underPressure ? ', under pressure' : ''}`],
  ['loop lag', ({ eventLoopLagMs }) => `${eventLoopLagMs.toFixed(1)} ms`],
];

/** The view as a table, by name. */
export function membersTable({ version, detector, settled, members }: ListedMembers): string {
  const ordered = [...members].sort((one, other) => one.name.localeCompare(other.name));
  const rows = [columns.map(([title]) => title), ...ordered.map((one) => columns.map(([, of]) => of(one)))];
  const widths = columns.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const lines = rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  const head = `view ${version}, decided by ${detector}`;
  const young = settled
    ? []
    : ['! The registry has just started; until it knows everybody, nothing is changed'];
  return `${[head, ...young, '', ...lines].join('\n')}\n`;
}

function suspectedBy(periodic: boolean, phi: boolean): string {
  const names = [...(periodic ? ['periodic'] : []), ...(phi ? ['φ'] : [])];
  return names.length === 0 ? '-' : names.join(', ');
}

export function describeDuration(ms: number): string {
  if (ms < 10_000) return `${(ms / 1_000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1_000);
  return seconds < 120 ? `${seconds} s` : `${Math.round(seconds / 60)} min`;
}
