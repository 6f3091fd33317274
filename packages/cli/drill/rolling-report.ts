import type { Verdict } from '../control-client.js';
import type { Restart } from './restart-member.js';
import { failed, type LoadSeen } from './under-load.js';

export interface RollingResult {
  readonly rate: number;
  readonly restarts: readonly Restart[];
  readonly load: LoadSeen;
  readonly verdict: Verdict | undefined;
  /** Why it ended before its last restart. */
  readonly failure: string | undefined;
}

/** No request failed, no law is broken, and every process came back. */
export function hasPassedRolling({ load, verdict, failure }: RollingResult): boolean {
  return failure === undefined && failed(load) === 0 && verdict?.ok === true;
}

export const restartsHeader =
  'restart  process        drained ms  stopped ms  ready ms  in traffic ms  calm ms';

export function describeRestart(
  { name, drainedMs, stoppedMs, readyMs, backMs, calmMs }: Restart,
  number: number,
): string {
  return [
    String(number).padStart(7),
    name.padEnd(13),
    whole(drainedMs).padStart(10),
    whole(stoppedMs).padStart(10),
    whole(readyMs).padStart(8),
    whole(backMs).padStart(13),
    whole(calmMs).padStart(7),
  ].join('  ');
}

export function describeRolling({ rate, restarts, load, failure }: RollingResult): string {
  const errors = Object.entries(load.errors).map(([what, count]) => `${what} ${whole(count)}`);
  const { p50, p99, p999 } = load.latencyMs;
  const retries = load.retries === 0 ? '' : `, ${whole(load.retries)} sent again on a fresh connection`;
  return [
    ...(failure === undefined ? [] : [`! ${failure}`]),
    `latency      p50 ${p50} ms, p99 ${p99} ms, p99.9 ${p999} ms`,
    `failed       ${errors.join(', ') || 'nothing'}`,
    `${whole(restarts.length)} restarts under ${whole(rate)} requests per second: ${whole(load.requests)} requests, ` +
      `${whole(failed(load))} failed${retries}`,
  ].join('\n');
}

function whole(value: number): string {
  return Math.round(value).toLocaleString('en');
}
