// One back end of four is killed under load: at a real nginx and at a caller that chooses for itself, no read may fail.
import { expect, jest, test } from '@jest/globals';
import { runCompare } from '#cli/balance-compare/run-compare.js';

jest.setTimeout(60_000);

test('the death of a back end costs retries and no read, and its share goes to the others', async () => {
  const result = await runCompare({
    scenario: 'one-dead',
    strategies: ['round-robin', 'least-request'],
    rounds: 1,
    seconds: 2,
    rate: 80,
    seed: 1,
    report: () => undefined,
    signal: new AbortController().signal,
  });
  expect(result.rows.map(({ side }) => side)).toEqual(['nginx', 'caller']);
  for (const { rounds, shares, requests, latency } of result.rows) {
    expect(rounds.map(({ errors }) => errors)).toEqual([{}]);
    expect([requests, latency.count]).toEqual([160, 160]);
    expect(Object.keys(shares)).toEqual(['back-end-1', 'back-end-2', 'back-end-3', 'back-end-4']);
    expect(shares['back-end-4']).toBeLessThan(shares['back-end-1'] ?? 0);
  }
  const nginx = result.rows[0];
  expect(nginx?.retries).toBeGreaterThan(0);
});
