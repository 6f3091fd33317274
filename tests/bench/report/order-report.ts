import type { OrderBenchResult, OrderFigures } from '../order/order-result.js';
import { renderTable } from '#cli/text-table.js';

export const orderHeader = [
  'case',
  'clients',
  'orders/s',
  'p50 ms',
  'p99 ms',
  'limit/s',
  'of the limit',
  'of the best limit',
] as const;
const cpuHeader = ['CPU ms for an order', 'clients'] as const;

export function orderRows({ orders, reads }: OrderBenchResult): string[][] {
  const rows = orders.map((figures) => [
    `${figures.case} (stage ${figures.stage})`,
    String(figures.clients),
    figures.ordersPerSecond.toFixed(0),
    figures.p50Ms.toFixed(1),
    figures.p99Ms.toFixed(1),
    figures.limitPerSecond.toFixed(0),
    figures.ratio.toFixed(2),
    (figures.ordersPerSecond / bestLimit(orders, figures.case)).toFixed(2),
  ]);
  if (reads === undefined) return rows;
  const { connections, readsPerSecond, p50Ms, p99Ms, limitPerSecond, ratio } = reads;
  const read = [readsPerSecond.toFixed(0), p50Ms.toFixed(1), p99Ms.toFixed(1), limitPerSecond.toFixed(0)];
  return [...rows, ['product reads (stage 10)', String(connections), ...read, ratio.toFixed(2), '']];
}

/** With many connections PostgreSQL does less than with some: a ratio to that alone would flatter the shop. */
function bestLimit(orders: readonly OrderFigures[], name: OrderFigures['case']): number {
  return Math.max(...orders.filter((one) => one.case === name).map(({ limitPerSecond }) => limitPerSecond));
}

/** What a person reads; the JSON beside it holds every round. */
export function renderOrderReport(result: OrderBenchResult): string {
  const { machine, orders } = result;
  const { cpu, cores, memoryGiB, kernel, versions, commit, date, loadAverage } = machine;
  return [
    `${cpu}, ${cores} cores, ${memoryGiB} GiB, ${kernel}`,
    `${Object.entries(versions)
      .map(([name, version]) => `${name} ${version}`)
      .join(', ')}, commit ${commit}, ${date}, load average ${loadAverage}`,
    '',
    renderTable(orderHeader, orderRows(result)),
    ...(orders.length > 0 ? ['', renderCpuTable(orders)] : []),
    ...orders.flatMap(unexpectedAnswers),
    '',
  ].join('\n');
}

function renderCpuTable(orders: readonly OrderFigures[]): string {
  const parts = [...new Set(orders.flatMap(({ cpuMsPerOrder }) => Object.keys(cpuMsPerOrder)))];
  const rows = orders.map(({ case: name, clients, cpuMsPerOrder }) => [
    name,
    String(clients),
    ...parts.map((part) => cpuMsPerOrder[part]?.toFixed(2) ?? ''),
  ]);
  return renderTable([...cpuHeader, ...parts], rows);
}

function unexpectedAnswers({ case: name, clients, otherAnswers }: OrderFigures): string[] {
  const others = Object.entries(otherAnswers).map(([status, count]) => `${count} × ${status}`);
  return others.length === 0
    ? []
    : ['', `! ${name}, ${clients} clients: not only 201, but also ${others.join(', ')}`];
}
