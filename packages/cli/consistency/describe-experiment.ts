import type { ConsistencyLevel } from '#platform/config/process-config.js';
import { anomalies, ruledOut, sessionAnomalies, type Anomaly } from '#protocols/consistency/guarantees.js';
import type { Finding, HistoryReport, StaleAge } from '#protocols/consistency/history-checker.js';

import type { ExperimentResult } from './experiment.js';
import type { JudgedReads } from './shop-history.js';

interface Latency {
  readonly p50: number;
  readonly p99: number;
}

/** What reads under one level showed. */
interface ReadsReport {
  readonly reads: number;
  readonly stale: number;
  readonly anomalies: Readonly<Record<Anomaly, number>>;
  readonly staleAgeMs: StaleAge;
  readonly mostVersionsBehind: number;
  readonly latencyMs: Latency;
  readonly servers: HistoryReport['readsByServer'];
  readonly refused: Readonly<Record<string, number>>;
  readonly sessionsLost: number;
}

export interface ConsistencyReport extends ReadsReport {
  readonly level: ConsistencyLevel;
  readonly strategy: string | null;
  /** What the level rules out. */
  readonly ruledOut: readonly Anomaly[];
  /**
   * Reads that broke what the level promises. Under `eventual`, which promises next to nothing, reads that broke a
   * guarantee which a session would like to have.
   */
  readonly violations: number;
  /** Whether nothing happened that the level rules out. */
  readonly kept: boolean;
  readonly writes: number;
  readonly lostWrites: number;
  readonly doubtfulWrites: number;
  readonly lag: { readonly member: string; readonly lagMs: number } | null;
  /** From the last acknowledged write until every replica showed it. */
  readonly convergenceMs: number | null;
  readonly durationMs: number;
  /** Reads under `eventual` in the same run, at the same time. */
  readonly eventual: ReadsReport | null;
  readonly findings: readonly Finding[];
}

export interface ExperimentTerms {
  readonly level: ConsistencyLevel;
  readonly strategy?: string | undefined;
  readonly lag?: { readonly member: string; readonly lagMs: number } | undefined;
}

export function reportOf(
  { history, durationMs, convergenceMs }: ExperimentResult,
  { level, strategy, lag }: ExperimentTerms,
): ConsistencyReport {
  const { judged, control } = history;
  const broken = ruledOut[level];
  const counted = level === 'eventual' ? [...broken, ...sessionAnomalies] : broken;
  return {
    level,
    strategy: strategy ?? null,
    ...readsReport(judged),
    ruledOut: broken,
    violations: judged.checker.readsWithAnyOf(counted),
    kept: judged.checker.readsWithAnyOf(broken) === 0,
    writes: history.writes,
    lostWrites: history.lostWrites,
    doubtfulWrites: history.doubtfulWrites,
    lag: lag ?? null,
    convergenceMs: convergenceMs ?? null,
    durationMs,
    eventual: control.count === 0 ? null : readsReport(control),
    findings: judged.checker.report().findings,
  };
}

function readsReport({ checker, latencies, refused, sessionsLost }: JudgedReads): ReadsReport {
  const { reads, anomalies: counts, staleAgeMs, mostVersionsBehind, readsByServer } = checker.report();
  return {
    reads,
    stale: counts.stale,
    anomalies: counts,
    staleAgeMs,
    mostVersionsBehind,
    latencyMs: { p50: latencies.quantileUs(0.5) / 1000, p99: latencies.quantileUs(0.99) / 1000 },
    servers: readsByServer,
    refused,
    sessionsLost,
  };
}

const titles: Record<Anomaly, string> = {
  stale: 'stale reads',
  readYourWrites: 'read your writes',
  monotonic: 'monotonic reads',
  causal: 'causality',
  inverted: 'new, then old',
  unwritten: 'never written',
};

/** The report for people: a table with the level beside `eventual`, and a sentence about what it comes to. */
export function describeReport(report: ConsistencyReport): string {
  const { level, strategy, reads, writes, durationMs, lag, eventual, findings } = report;
  const name = strategy === null ? level : `${level} (${strategy})`;
  const behind = lag === null ? '' : `, ${lag.member} ${whole(lag.lagMs)} ms behind`;
  const columns: [string, ReadsReport][] = [
    [name, report],
    ...(eventual === null ? [] : ([['eventual beside it', eventual]] as [string, ReadsReport][])),
  ];
  return [
    `${name}: ${whole(reads)} reads and ${whole(writes)} writes in ${(durationMs / 1000).toFixed(1)} s${behind}`,
    '',
    ...table(
      ['', ...columns.map(([title]) => title)],
      rowsOf(
        report,
        columns.map(([, one]) => one),
      ),
    ),
    '',
    ...notes(report),
    ...findings.slice(0, shownFindings).map(findingLine),
    verdict(report),
  ].join('\n');
}

const shownFindings = 3;

function rowsOf({ ruledOut: broken }: ConsistencyReport, columns: readonly ReadsReport[]): string[][] {
  const row = (title: string, cell: (one: ReadsReport) => string): string[] => [title, ...columns.map(cell)];
  const age = (pick: (age: StaleAge) => number): ((one: ReadsReport) => string) => {
    return ({ stale, staleAgeMs }) => (stale === 0 ? '-' : `${whole(pick(staleAgeMs))} ms`);
  };
  const servers = [...new Set(columns.flatMap((one) => Object.keys(one.servers)))].sort();
  return [
    row('reads', ({ reads }) => whole(reads)),
    ...anomalies.map((anomaly) => {
      const ruled = broken.includes(anomaly) ? ' (ruled out)' : '';
      return row(`${titles[anomaly]}${ruled}`, (one) => whole(one.anomalies[anomaly]));
    }),
    row(
      'age of stale data, p50',
      age(({ p50 }) => p50),
    ),
    row(
      'age of stale data, p99',
      age(({ p99 }) => p99),
    ),
    row(
      'age of stale data, most',
      age(({ max }) => max),
    ),
    row('versions behind, most', ({ mostVersionsBehind }) => whole(mostVersionsBehind)),
    row('latency, p50', ({ latencyMs }) => `${latencyMs.p50.toFixed(1)} ms`),
    row('latency, p99', ({ latencyMs }) => `${latencyMs.p99.toFixed(1)} ms`),
    ...servers.map((server) =>
      row(`read from ${server}`, (one) => `${(((one.servers[server] ?? 0) / one.reads) * 100).toFixed(1)} %`),
    ),
  ];
}

function notes(report: ConsistencyReport): string[] {
  const { convergenceMs, refused, sessionsLost, lostWrites, doubtfulWrites } = report;
  const counts = Object.entries(refused).map(([code, count]) => `${whole(count)} × ${code}`);
  return [
    ...(convergenceMs === null
      ? []
      : [`Every replica showed the last write ${whole(convergenceMs)} ms after it was acknowledged.`]),
    ...(counts.length === 0 ? [] : [`Not answered: ${counts.join(', ')}.`]),
    ...(sessionsLost === 0
      ? []
      : [`Sessions that a failover has lost, and that were told so: ${sessionsLost}.`]),
    ...(lostWrites === 0 ? [] : [`Acknowledged writes that a failover has lost: ${lostWrites}.`]),
    ...(doubtfulWrites === 0 ? [] : [`Writes that had to be asked for again: ${doubtfulWrites}.`]),
  ];
}

function findingLine({
  session,
  key,
  version,
  acknowledged,
  known,
  server,
  startedAt,
  ...rest
}: Finding): string {
  const kinds = rest.anomalies.map((anomaly) => titles[anomaly]).join(', ');
  return (
    `  ${(startedAt / 1000).toFixed(3)} s  ${session} read version ${version} of the ${key} from ${server}; ` +
    `acknowledged ${acknowledged}, known ${known}: ${kinds}`
  );
}

function verdict({ level, violations, kept }: ConsistencyReport): string {
  if (!kept) return `✗ ${whole(violations)} reads broke what ${level} promises`;
  if (level === 'eventual')
    return `✓ eventual promises none of it: ${whole(violations)} reads a session would wonder at`;
  return `✓ no read broke what ${level} promises`;
}

function whole(value: number): string {
  return Math.round(value).toLocaleString('en');
}

function table(header: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const widths = header.map((_, column) =>
    Math.max(...[header, ...rows].map((row) => (row[column] ?? '').length)),
  );
  return [header, ...rows].map((row) =>
    row
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join('  ')
      .trimEnd(),
  );
}
