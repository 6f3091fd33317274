import type { CacheFigures, DataBenchResult, ReadFigures, SynchronousFigures } from '../data/data-result.js';
import { renderTable } from '#cli/text-table.js';

export const replicaHeader = [
  'servers that are read',
  'reads/s',
  'p50 ms',
  'p99 ms',
  'pgbench/s',
  'of pgbench',
];

export function replicaRows(reads: readonly ReadFigures[]): string[][] {
  return reads.map(({ replicas, readsPerSecond, p50Ms, p99Ms, selectsPerSecond, ratio }) => [
    replicas === 0 ? 'the primary' : `${replicas} ${replicas === 1 ? 'replica' : 'replicas'}`,
    readsPerSecond.toFixed(0),
    p50Ms.toFixed(1),
    p99Ms.toFixed(1),
    selectsPerSecond.toFixed(0),
    ratio.toFixed(2),
  ]);
}

export const cacheHeader = ['a read of one product', 'p50 µs'];

export function cacheRows({ hitP50Us, getP50Us, ratio }: CacheFigures): string[][] {
  return [
    ['from the cache', hitP50Us.toFixed(0)],
    ['bare ioredis GET', getP50Us.toFixed(0)],
    ['ratio (aim: at most 1.5)', ratio.toFixed(2)],
  ];
}

export const synchronousHeader = ['orders/s', 'asynchronous', 'remote_apply', 'what is left'];

export function synchronousRows({ shop, pgbench, shopKeeps, pgbenchKeeps }: SynchronousFigures): string[][] {
  return [
    ['shop', shop.none.toFixed(0), shop.remoteApply.toFixed(0), shopKeeps.toFixed(2)],
    ['pgbench', pgbench.none.toFixed(0), pgbench.remoteApply.toFixed(0), pgbenchKeeps.toFixed(2)],
  ];
}

export function renderDataReport({ reads, cache, synchronous }: DataBenchResult): string {
  return [
    ...(reads === undefined ? [] : [renderTable(replicaHeader, replicaRows(reads)), '']),
    ...(reads ?? []).flatMap(({ replicas, otherAnswers }) =>
      otherLines(`${replicas} replicas`, '200', otherAnswers),
    ),
    ...(cache === undefined ? [] : [renderTable(cacheHeader, cacheRows(cache)), '']),
    ...(synchronous === undefined
      ? []
      : [
          renderTable(synchronousHeader, synchronousRows(synchronous)),
          '',
          ...otherLines('orders', '201', synchronous.otherAnswers),
        ]),
  ].join('\n');
}

function otherLines(what: string, good: string, others: Readonly<Record<string, number>>): string[] {
  const counts = Object.entries(others).map(([status, count]) => `${count} × ${status}`);
  return counts.length === 0 ? [] : [`! ${what}: not only ${good}, but also ${counts.join(', ')}`];
}
