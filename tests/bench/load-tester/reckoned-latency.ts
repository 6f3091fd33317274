import type { LoggedRequest } from '#cli/load/load-plan.js';

/**
 * wrk2's correction (Tene, https://github.com/giltene/wrk2), without anything of the load tester but its clock: request k of a
 * constant rate should have left at k / rate, and is late from then on. Exact, by sorting.
 *
 * @param requests answered ones, whose numbers begin with the measured part's first
 */
export function reckonedQuantileMs(
  requests: readonly Pick<LoggedRequest, 'number' | 'doneMs'>[],
  rate: number,
  firstNumber: number,
  share: number,
): number {
  const latencies = requests.map(({ number, doneMs }) => doneMs - ((number - firstNumber) * 1000) / rate);
  latencies.sort((left, right) => left - right);
  return latencies[Math.max(0, Math.ceil(share * latencies.length) - 1)] ?? NaN;
}
