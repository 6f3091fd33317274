import { groups, type Group } from '../profile/group.js';
import type { ProfileResult } from '../profile/profile-bench.js';
import { renderTable } from '#cli/text-table.js';

/** What is no part of an order's time. */
const notWork: readonly Group[] = ['idle', 'profiler'];
const topShown = 12;

export function renderProfileReport(result: ProfileResult): string {
  const { orders, ordersPerSecond, clients } = result;
  const names = groupServices(result);
  return [
    `${result.case}, ${clients} clients: ${orders} orders, ${ordersPerSecond.toFixed(0)} a second while profiled`,
    '',
    renderTable(['CPU', 'seconds', 'ms for an order'], cpuRows(result)),
    '',
    renderTable(['ms for an order, by profile', ...names], groupRows(result)),
    ...names.flatMap((name) => ['', renderTop(name, result)]),
    '',
  ].join('\n');
}

/** Part, seconds, and milliseconds for an order. */
export function cpuRows({ cpuSeconds, orders }: ProfileResult): string[][] {
  const total = Object.values(cpuSeconds).reduce((sum, seconds) => sum + seconds, 0);
  return [...Object.entries(cpuSeconds), ['all', total] as const].map(([part, seconds]) => [
    part,
    seconds.toFixed(2),
    ((seconds * 1000) / orders).toFixed(2),
  ]);
}

/** The registry has no part in an order. */
export function groupServices({ services }: ProfileResult): string[] {
  return Object.keys(services).filter((name) => name !== 'registry');
}

export function groupRows(result: ProfileResult): string[][] {
  const { services, orders } = result;
  return groups
    .filter((group) => !notWork.includes(group))
    .map((group) => [
      group,
      ...groupServices(result).map((name) => perOrder(services[name]?.groupsMs[group], orders)),
    ])
    .filter((row) => row.slice(1).some((cell) => Number(cell) > 0));
}

function renderTop(name: string, { services, orders }: ProfileResult): string {
  const rows = (services[name]?.top ?? [])
    .slice(0, topShown)
    .map((one) => [one.name, one.group, perOrder(one.selfMs, orders), one.file]);
  return renderTable([`${name}: most time of their own`, 'group', 'ms for an order', 'file'], rows);
}

function perOrder(ms: number | undefined, orders: number): string {
  return ((ms ?? 0) / orders).toFixed(3);
}
