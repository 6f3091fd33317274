import { expect, test } from '@jest/globals';
import { performExperiment } from './heartbeat-experiment.js';
import { heartbeatReport } from './heartbeat-report.js';

test('both detectors are judged by the same trace, and a report says what each has cost', () => {
  const plan = {
    detectors: ['periodic', 'phi-accrual'],
    pausesMs: [800, 1_500],
    lossShare: 0,
    rounds: 20,
    seed: 7,
  } as const;
  const acts = performExperiment(plan);
  const [periodic, phi] = acts;
  expect(phi?.pauses.map(({ falseEvictions }) => falseEvictions)[0]).toBe(0);
  expect(periodic?.pauses.at(-1)?.falseEvictions).toBeGreaterThan(phi?.pauses.at(-1)?.falseEvictions ?? 0);
  for (const { kills } of acts) {
    expect(kills.undetected).toBe(0);
    expect(kills.detectedMs.max).toBeLessThan(1_000);
  }
  expect(performExperiment(plan)).toEqual(acts);
  const report = heartbeatReport(plan, acts);
  expect(report).toContain('evicted in 20 pauses of 800 ms');
  expect(report).toMatch(/noticed 20 kills after +p50 \d+ ms, max \d+ ms +p50 \d+ ms, max \d+ ms\n/);
});
