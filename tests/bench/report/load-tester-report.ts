import { renderTable } from '#cli/text-table.js';
import type { LoadTesterResult } from '../load-tester/load-tester-result.js';

export function renderLoadTesterReport({ highest, rates, connections }: LoadTesterResult): string {
  return [
    renderTable(
      [`closed loop, ${connections} connections`, 'wrk/s', 'tristate load/s', 'ratio (aim: 0.9)'],
      highest.rounds.map(({ wrkPerSecond, loadPerSecond }, round) => [
        `round ${round + 1}`,
        wrkPerSecond.toFixed(0),
        loadPerSecond.toFixed(0),
        (loadPerSecond / wrkPerSecond).toFixed(2),
      ]),
    ),
    `Median ratio ${highest.ratio.toFixed(2)}`,
    '',
    renderTable(
      ['open loop', 'round', 'sent (aim: 99 %)', 'delay p99 ms (aim: 2)', 'p99 ms', 'from the log', 'errors'],
      rates.flatMap(({ rate, rounds }) =>
        rounds.map(({ sentShare, sendDelayP99Ms, p99Ms, reckonedP99Ms, errors }, round) => [
          `${rate}/s`,
          String(round + 1),
          `${(sentShare * 100).toFixed(2)} %`,
          sendDelayP99Ms.toFixed(2),
          p99Ms.toFixed(2),
          reckonedP99Ms.toFixed(2),
          String(errors),
        ]),
      ),
    ),
  ].join('\n');
}
