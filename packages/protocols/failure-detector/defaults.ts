import type { MembershipOptions } from './membership.js';

/** How long one probe may take. A process that is well answers in a millisecond; twice this is what a dead machine costs. */
export const probeTimeoutMs = 150;

/** How often the members are looked at. */
export const tickMs = 50;

/**
 * With beats each 200 ms. The periodic detector suspects after 0.6 s, so that also a machine that is cut off is evicted within 1 s; φ waits
 * out a pause of 1 s, and in exchange needs 1.8 s for that machine. A process that is killed is noticed at once by either.
 */
export const defaultMembership: MembershipOptions = {
  intervalMs: 200,
  detector: 'phi-accrual',
  periodic: { intervalMs: 200, missedBeats: 3 },
  phi: {
    threshold: 8,
    windowSize: 200,
    minStdDeviationMs: 50,
    acceptablePauseMs: 1_000,
    firstIntervalMs: 200,
  },
  probes: 2,
  probesAfterLoss: 5,
  keepShare: 0.5,
  slowStartMs: 3_000,
  warmUpMs: 3_000,
  asleepMs: 250,
  forgetMs: 60_000,
};

/** The same for another interval: what counts in beats grows with it. */
export function membershipFor(
  change: Partial<
    Pick<MembershipOptions, 'intervalMs' | 'detector' | 'keepShare' | 'slowStartMs' | 'warmUpMs'>
  >,
): MembershipOptions {
  const options = { ...defaultMembership, ...change };
  const { intervalMs } = options;
  return {
    ...options,
    periodic: { ...options.periodic, intervalMs },
    phi: { ...options.phi, firstIntervalMs: intervalMs },
  };
}
