import { defaultMembership, tickMs } from '#protocols/failure-detector/defaults.js';
import type { DetectorName } from '#protocols/failure-detector/detector.js';
import { drawTrace, type TracePlan } from '#protocols/failure-detector/heartbeat-trace.js';
import { judgeTrace, type Judgement } from '#protocols/failure-detector/judge-trace.js';
import { seededRandom } from '#protocols/seeded-random.js';

export interface ExperimentPlan {
  readonly detectors: readonly DetectorName[];
  readonly pausesMs: readonly number[];
  /** 0 to 1. */
  readonly lossShare: number;
  /** Pauses of each length, kills, and machines that fall silent. */
  readonly rounds: number;
  readonly seed: number;
}

export interface Acts {
  readonly detector: DetectorName;
  readonly pauses: readonly PauseAct[];
  readonly kills: EndAct;
  readonly cuts: EndAct;
}

export interface PauseAct {
  readonly pauseMs: number;
  readonly pauses: number;
  readonly falseEvictions: number;
  readonly suspicions: number;
}

export interface EndAct {
  readonly rounds: number;
  /** Evictions before the end. */
  readonly falseEvictions: number;
  readonly undetected: number;
  readonly detectedMs: { readonly p50: number; readonly max: number };
}

/** Each pause stands alone: before the next one everything is as usual again. */
const pauseEveryMs = 15_000;
/** A process lives for so long before its end, so that a detector has learned what is usual. */
const lifeMs = 20_000;

const { intervalMs } = defaultMembership;
const network = { intervalMs, meanDelayMs: 5, pauseEveryMs } as const;

/** Plays the same traces to each detector, with all that stands around it in the registry: probes, and streams that break. */
export function performExperiment(plan: ExperimentPlan): Acts[] {
  return plan.detectors.map((detector) => ({
    detector,
    pauses: plan.pausesMs.map((pauseMs, index) => pauseAct(plan, detector, pauseMs, index)),
    kills: endAct(plan, detector, 'kill'),
    cuts: endAct(plan, detector, 'cut'),
  }));
}

function pauseAct(
  { rounds, lossShare, seed }: ExperimentPlan,
  detector: DetectorName,
  pauseMs: number,
  index: number,
): PauseAct {
  const durationMs = (rounds + 2) * pauseEveryMs;
  const trace = { ...network, durationMs, lossShare, pauseLengthsMs: [pauseMs] };
  const { falseEvictions, suspicions } = judge(trace, detector, seed + index);
  return { pauseMs, pauses: rounds, falseEvictions: falseEvictions.length, suspicions };
}

function endAct(
  { rounds, lossShare, seed }: ExperimentPlan,
  detector: DetectorName,
  end: 'kill' | 'cut',
): EndAct {
  const judgements = Array.from({ length: rounds }, (_, round) => {
    const trace = { ...network, durationMs: lifeMs, lossShare, pauseLengthsMs: [], end };
    return judge(trace, detector, seed + round);
  });
  const detectedMs = judgements.flatMap((one) => one.detectedMs ?? []).sort((one, other) => one - other);
  return {
    rounds,
    falseEvictions: judgements.reduce((sum, one) => sum + one.falseEvictions.length, 0),
    undetected: rounds - detectedMs.length,
    detectedMs: { p50: detectedMs[Math.floor(detectedMs.length / 2)] ?? 0, max: detectedMs.at(-1) ?? 0 },
  };
}

function judge(plan: TracePlan, detector: DetectorName, seed: number): Judgement {
  const random = seededRandom(seed);
  return judgeTrace(drawTrace(plan, random), { ...defaultMembership, detector }, tickMs, random);
}
