import { describe, expect, test } from '@jest/globals';
import { seededRandom } from '../seeded-random.js';
import { defaultMembership, probeTimeoutMs } from './defaults.js';
import type { DetectorName } from './detector.js';
import { drawTrace, type TracePlan } from './heartbeat-trace.js';
import { judgeTrace, type Judgement } from './judge-trace.js';

const seed = 20_041_018;
const hourMs = 3_600_000;
const tickMs = 50;

const quiet: TracePlan = {
  intervalMs: 200,
  durationMs: hourMs / 6,
  lossShare: 0,
  meanDelayMs: 5,
  pauseLengthsMs: [],
  pauseEveryMs: 10_000,
};

/** The same trace for every detector. */
function judge(
  plan: TracePlan,
  detector: DetectorName,
  { seed: ownSeed = seed, everyMs = tickMs } = {},
): Judgement {
  const random = seededRandom(ownSeed);
  const trace = drawTrace(plan, random);
  return judgeTrace(trace, { ...defaultMembership, detector }, everyMs, random);
}

describe('simulated heartbeats', () => {
  test('24 hours with pauses of up to 1 s and a fifth of all beats lost: φ evicts nobody', () => {
    const day = {
      ...quiet,
      durationMs: 24 * hourMs,
      lossShare: 0.2,
      pauseLengthsMs: [50, 300, 1_000, 600, 800],
    };
    const { falseEvictions, suspicions } = judge(day, 'phi-accrual', { everyMs: 100 });
    expect(falseEvictions).toEqual([]);
    expect(suspicions).toBeGreaterThan(0);
  });

  test('an hour of pauses of 1 s: φ suspects hardly anybody, the periodic detector evicts', () => {
    const paused = { ...quiet, durationMs: hourMs, pauseLengthsMs: [1_000] };
    expect(judge(paused, 'phi-accrual').falseEvictions).toEqual([]);
    expect(judge(paused, 'periodic').falseEvictions.length).toBeGreaterThan(0);
  });

  test.each(['periodic', 'phi-accrual'] as const)(
    '%s notices each of 200 kills within 1 s, also when a fifth of the probes is lost',
    (detector) => {
      for (let round = 0; round < 200; round += 1) {
        const plan = { ...quiet, durationMs: 20_000, lossShare: 0.2, end: 'kill' as const };
        expect(judge(plan, detector, { seed: seed + round }).detectedMs).toBeLessThan(1_000);
      }
    },
  );

  test.each([
    ['periodic', 1_000],
    ['phi-accrual', 2_000],
  ] as const)('%s notices a machine that falls silent within %d ms', (detector, mostMs) => {
    for (let round = 0; round < 200; round += 1) {
      const plan = { ...quiet, durationMs: 20_000, end: 'cut' as const };
      const { detectedMs = Infinity } = judge(plan, detector, { seed: seed + round });
      expect(detectedMs).toBeLessThan(mostMs);
      expect(detectedMs).toBeGreaterThan(2 * probeTimeoutMs);
    }
  });

  test('a seed tells a whole trace', () => {
    const plan = { ...quiet, lossShare: 0.3, pauseLengthsMs: [1_500] };
    expect(judge(plan, 'periodic')).toEqual(judge(plan, 'periodic'));
    expect(judge(plan, 'periodic')).not.toEqual(judge(plan, 'periodic', { seed: seed + 1 }));
  });
});
