import type { ProtocolEvent } from '#platform/trace/protocol-event.js';

import type { Verdict } from '../control-client.js';
import type { PlacedOrder } from '../shopper.js';
import type { Hold } from './measure.js';

/** Every law on a line of its own, and whether all hold. */
export function describeLaws({ ok, laws }: Verdict): string[] {
  const lines = laws.map(({ name, ok: holds, expected, actual }) =>
    holds ? `✓ ${name}  ${shown(actual)}` : `✗ ${name}  expected ${shown(expected)}, found ${shown(actual)}`,
  );
  const broken = laws.filter(({ ok: holds }) => !holds).length;
  return [...lines, '', ok ? 'Every law holds.' : `${broken} of ${laws.length} laws are broken.`];
}

/** One line when all is well; else the laws that are broken. */
export function summarizeLaws({ ok, laws }: Verdict): string[] {
  if (ok) return [`✓ all ${laws.length} laws hold`];
  return laws
    .filter((law) => !law.ok)
    .map(({ name, expected, actual }) => `✗ ${name}: expected ${shown(expected)}, found ${shown(actual)}`);
}

/** How the order ended and what its client saw of it. */
export function describeOrder({ outcome, id, code, latencyMs, pendingAfterMs }: PlacedOrder): string {
  const reason = code === undefined ? '' : ` (${code})`;
  const waited = `the client waited ${whole(latencyMs)} ms`;
  const pending =
    pendingAfterMs === undefined ? '' : `, and was told after ${whole(pendingAfterMs)} ms that it is PENDING`;
  return `${outcome}${reason}  ${id ?? ''}  ${waited}${pending}`;
}

export function describeHolds(holds: readonly Hold[]): string {
  if (holds.length === 0) return 'no branch had to wait for a decision';
  const parts = holds.map(
    ({ service, ms, end }) => `${service} ${whole(ms)} ms until ${end ?? 'now, still waiting'}`,
  );
  return `waited for the decision: ${parts.join(', ')}`;
}

/** What can be done about branches that have ended differently. */
export function describeDivergence(gid: string | undefined, events: readonly ProtocolEvent[]): string[] {
  if (gid === undefined || !events.some(({ what }) => what.kind === 'diverged')) return [];
  return [
    `its branches have ended differently: npx tristate transaction repair ${gid} brings them to one end`,
  ];
}

/** Whose part of the diagram may be missing. */
export function describeMissing(names: readonly string[]): string[] {
  return names.length === 0 ? [] : [`could not be asked what happened: ${names.join(', ')}`];
}

export function whole(ms: number): string {
  return Math.round(ms).toLocaleString('en-US');
}

function shown(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
