import { expect, test } from '@jest/globals';
import { parsePgbench } from './pgbench-output.js';

const ended = `
number of transactions actually processed: 700
number of failed transactions: 0 (0.000%)
latency average = 10.000 ms
tps = 233.3 (without initial connection time)
`;
const progress = (failed: number): string => `
progress: 1.0 s, 10.0 tps, lat 90.000 ms stddev 1.0, ${failed} failed
progress: 1.9 s, 20.0 tps, lat 80.000 ms stddev 1.0, ${failed} failed
progress: 3.0 s, 100.0 tps, lat 10.000 ms stddev 1.0, ${failed} failed
progress: 4.0 s, 300.0 tps, lat 30.000 ms stddev 1.0, ${failed} failed
`;

test('the seconds in which connections are made do not count, also when a line comes early', () => {
  const result = parsePgbench(progress(0) + ended, 2);
  expect(result?.transactionsPerSecond).toBeCloseTo((100 * 1.1 + 300) / 2.1);
  expect(result?.latencyMs).toBeCloseTo((110 * 10 + 300 * 30) / 410);
});

test.each([
  ['that did not end', progress(0)],
  [
    'whose client gave up',
    `${progress(0)}\npgbench: error: client 5 script 0 aborted in command 12 query 0: ERROR\n${ended}`,
  ],
  [
    'with failed transactions',
    progress(0) + ended.replace('failed transactions: 0', 'failed transactions: 3'),
  ],
  ['shorter than what does not count', ended],
])('a run %s has no result', (_, output) => {
  expect(parsePgbench(output, 2)).toBeUndefined();
});
