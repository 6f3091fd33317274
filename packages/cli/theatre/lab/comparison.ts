import type { PlacedOrder } from '../../shopper.js';
import { whole } from '../describe-verdict.js';
import { holdsOf } from '../measure.js';
import type { PerformedAct } from './perform-scenario.js';

const services = ['inventory', 'account', 'order'];

/** What was measured, one line for each act. */
export function comparisonTable(acts: readonly PerformedAct[]): string {
  const withRival = acts.some(({ rival }) => rival !== undefined);
  const header = [
    '',
    'order',
    "client's wait",
    ...services.map((service) => `${service} held`),
    ...(withRival ? ['the other order'] : []),
    'laws',
  ];
  const rows = acts.map((performed) => {
    const { act, order, rival, transaction, verdict } = performed;
    const holds = holdsOf(transaction?.events ?? []);
    return [
      labelOf(performed, acts),
      outcomeOf(order),
      `${whole(order.latencyMs)} ms`,
      ...services.map((service) => {
        const hold = holds.find((one) => one.service === service);
        if (hold === undefined) return '-';
        return `${whole(hold.ms)} ms${act.protocol === 'tcc' ? '*' : ''}`;
      }),
      ...(withRival
        ? [rival === undefined ? '-' : `${outcomeOf(rival)} in ${whole(rival.latencyMs)} ms`]
        : []),
      verdict.ok ? 'hold' : 'BROKEN',
    ];
  });
  const note = acts.some(({ act }) => act.protocol === 'tcc') ? '\n* a reservation, not a lock' : '';
  return aligned([header, ...rows]) + note;
}

/** The protocol, and the number of the act where a protocol is played twice. */
function labelOf({ act }: PerformedAct, acts: readonly PerformedAct[]): string {
  const same = acts.filter((other) => other.act.protocol === act.protocol);
  const number = acts.findIndex((other) => other.act === act) + 1;
  return same.length > 1 ? `${number}. ${act.protocol}` : act.protocol;
}

function outcomeOf({ outcome, code }: PlacedOrder): string {
  return outcome === 'REJECTED' && code !== undefined ? `REJECTED ${code}` : outcome;
}

function aligned(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
