import type { Verdict } from '../control-client.js';
import type { SynchronousMode } from './database-control.js';
import type { FailoverRound } from './failover-round.js';
import type { ServerFault } from './server-fault.js';
import { percentile } from './write-gap.js';

export interface DrillResult {
  readonly fault: ServerFault;
  readonly synchronous: SynchronousMode;
  readonly rounds: readonly FailoverRound[];
  readonly summary: DrillSummary;
  /** Of orders that were refused or left open on the way, by code. */
  readonly notAcknowledged: Readonly<Record<string, number>>;
  readonly verdict: Verdict | undefined;
  /** Why it ended before its last round. */
  readonly failure: string | undefined;
}

export interface DrillSummary {
  readonly rounds: number;
  readonly acknowledged: number;
  readonly lost: number;
  readonly roundsWithLoss: number;
  readonly gapMs: Spread;
  readonly promotedMs: Spread;
  readonly rejoinedMs: Spread;
}

export interface Spread {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

export function summarize(rounds: readonly FailoverRound[]): DrillSummary {
  const spread = (pick: (round: FailoverRound) => number): Spread => {
    const values = rounds.map(pick);
    return { p50: percentile(values, 50), p99: percentile(values, 99), max: percentile(values, 100) };
  };
  const sum = (pick: (round: FailoverRound) => number): number =>
    rounds.reduce((total, round) => total + pick(round), 0);
  return {
    rounds: rounds.length,
    acknowledged: sum(({ acknowledged }) => acknowledged),
    lost: sum(({ lost }) => lost),
    roundsWithLoss: sum(({ lost }) => (lost > 0 ? 1 : 0)),
    gapMs: spread(({ gapMs }) => gapMs),
    promotedMs: spread(({ promotedMs }) => promotedMs),
    rejoinedMs: spread(({ rejoinedMs }) => rejoinedMs),
  };
}

/**
 * A synchronous mode promises that nothing acknowledged is lost and that the books agree; an asynchronous one promises
 * the latter only, since a replica holds a state that the primary was in.
 */
export function hasPassed({ synchronous, summary, verdict, failure }: DrillResult): boolean {
  return failure === undefined && verdict?.ok === true && (synchronous === 'none' || summary.lost === 0);
}

export const roundsHeader =
  'round  primary                   epoch  write gap ms  promoted ms  re-joined ms  acknowledged  lost';

export function describeRound(round: FailoverRound): string {
  const { from, to, epoch, gapMs, promotedMs, rejoinedMs, acknowledged, lost } = round;
  return [
    String(round.round).padStart(5),
    `${from} → ${to}`.padEnd(24),
    String(epoch).padStart(5),
    whole(gapMs).padStart(12),
    whole(promotedMs).padStart(11),
    whole(rejoinedMs).padStart(12),
    String(acknowledged).padStart(12),
    String(lost).padStart(4),
  ].join('  ');
}

export function describeSummary(result: DrillResult): string {
  const { synchronous, summary, notAcknowledged, failure } = result;
  const { rounds, acknowledged, lost, roundsWithLoss, gapMs, promotedMs, rejoinedMs } = summary;
  const others = Object.entries(notAcknowledged).map(([code, count]) => `${code} ${whole(count)}`);
  const lines = [
    ...(failure === undefined ? [] : [`! ${failure}`]),
    `write gap    ${describeSpread(gapMs)}`,
    `promotion    ${describeSpread(promotedMs)}`,
    `re-joined    ${describeSpread(rejoinedMs)}`,
    `not acknowledged on the way: ${others.join(', ') || 'nothing'}`,
    `${whole(rounds)} rounds, ${whole(acknowledged)} acknowledged orders, ${whole(lost)} lost` +
      (lost > 0 ? ` in ${whole(roundsWithLoss)} rounds` : ''),
  ];
  if (lost > 0 && synchronous === 'none')
    lines.push(
      'Asynchronously the primary acknowledges what no replica has yet; --synchronous flush waits for one.',
    );
  return lines.join('\n');
}

function describeSpread({ p50, p99, max }: Spread): string {
  return `p50 ${whole(p50)} ms, p99 ${whole(p99)} ms, max ${whole(max)} ms`;
}

function whole(value: number): string {
  return Math.round(value).toLocaleString('en');
}
