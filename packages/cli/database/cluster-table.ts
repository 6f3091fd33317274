import type { Cluster } from './database-client.js';

const mostPromotions = 5;

/** What `tristate database` prints. */
export function clusterTable(cluster: Cluster): string {
  const lines = [
    ...headline(cluster),
    '',
    ...columns([
      ['server', 'role', 'position', 'behind', '', ''],
      ...cluster.members.map(({ name, role, lsn, lagBytes, lagMs, synchronous, delayMs }) => [
        name,
        role,
        lsn ?? '',
        lagMs === null ? '' : `${lagMs} ms, ${lagBytes ?? '?'} bytes`,
        synchronous ? 'synchronous' : '',
        delayMs > 0 ? `told to lag ${delayMs} ms` : '',
      ]),
    ]),
    ...history(cluster),
  ];
  return `${lines.join('\n')}\n`;
}

function headline(cluster: Cluster): string[] {
  const { epoch, primary, phase, mode, synchronous, synchronousReplicas, leaseLeftMs } = cluster;
  const writes =
    synchronous === 'none'
      ? 'writes wait for no replica'
      : `writes wait for a replica (${synchronous}), of which ${synchronousReplicas} can confirm`;
  return [
    primary === null
      ? `No server takes writes (epoch ${epoch}, ${phase}).`
      : `${primary} is the primary of epoch ${epoch}; its lease lasts ${leaseLeftMs} ms more.`,
    `Failover ${mode === 'hot' ? 'by itself (hot)' : 'by command (cold)'}; ${writes}.`,
  ];
}

function history({ history: promotions }: Cluster): string[] {
  if (promotions.length === 0) return [];
  const rows = promotions
    .slice(0, mostPromotions)
    .map(({ epoch, primary, beganAt, why, tookMs }) => [
      `epoch ${epoch}`,
      primary,
      beganAt,
      `${tookMs} ms`,
      why,
    ]);
  return ['', 'Promotions:', ...columns(rows)];
}

function columns(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}
