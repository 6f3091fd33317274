/** What happened to one process and its heartbeats: the same for every detector that is to be judged by it. */
export interface HeartbeatTrace {
  readonly intervalMs: number;
  readonly endsAtMs: number;
  /** When each beat arrived, in order; those that were lost are not among them. */
  readonly beatsAtMs: readonly number[];
  /** When the process stood still. */
  readonly pauses: readonly Pause[];
  /** kill: the process dies, its streams break and its port refuses. cut: its machine falls silent, and nothing tells. */
  readonly end: { readonly kind: 'kill' | 'cut'; readonly atMs: number } | undefined;
  readonly lossShare: number;
}

export interface Pause {
  readonly fromMs: number;
  readonly untilMs: number;
}

export interface TracePlan {
  readonly intervalMs: number;
  readonly durationMs: number;
  /** 0 to 1: the share of beats, and of probes, that do not arrive. */
  readonly lossShare: number;
  /** How much later than the network's shortest time a beat arrives, on average. */
  readonly meanDelayMs: number;
  /** In turn, one every `pauseEveryMs`; none when empty. */
  readonly pauseLengthsMs: readonly number[];
  readonly pauseEveryMs: number;
  readonly end?: 'kill' | 'cut';
}

/** @param random numbers from 0 to below 1, from a seed */
export function drawTrace(plan: TracePlan, random: () => number): HeartbeatTrace {
  const { intervalMs, durationMs, lossShare, meanDelayMs, end } = plan;
  const pauses = drawPauses(plan, random);
  const beatsAtMs: number[] = [];
  let pause = 0;
  // The last beats before the end are as far apart as all others.
  const endsAtMs = end === undefined ? durationMs : durationMs - intervalMs * random();
  let arrivedAtMs = 0;
  for (let sentAtMs = intervalMs * random(); sentAtMs < endsAtMs; sentAtMs += intervalMs) {
    while (pause < pauses.length && (pauses[pause]?.untilMs ?? 0) <= sentAtMs) pause += 1;
    const current = pauses[pause];
    // A timer that is overdue fires once when the process wakes up.
    if (current !== undefined && current.fromMs <= sentAtMs) sentAtMs = current.untilMs;
    const delayMs = -Math.log(1 - random()) * meanDelayMs;
    if (random() < lossShare) continue;
    // One stream: what was sent later does not overtake.
    arrivedAtMs = Math.max(arrivedAtMs, sentAtMs + delayMs);
    beatsAtMs.push(arrivedAtMs);
  }
  return {
    intervalMs,
    endsAtMs: durationMs,
    beatsAtMs,
    pauses,
    end: end === undefined ? undefined : { kind: end, atMs: endsAtMs },
    lossShare,
  };
}

function drawPauses({ durationMs, pauseLengthsMs, pauseEveryMs }: TracePlan, random: () => number): Pause[] {
  const pauses: Pause[] = [];
  if (pauseLengthsMs.length === 0) return pauses;
  for (let turn = 1; ; turn += 1) {
    const fromMs = (turn + 0.5 * random()) * pauseEveryMs;
    const lengthMs = pauseLengthsMs[(turn - 1) % pauseLengthsMs.length] ?? 0;
    // What comes after a pause has to show whether it was survived.
    if (fromMs + lengthMs + pauseEveryMs / 2 > durationMs) return pauses;
    pauses.push({ fromMs, untilMs: fromMs + lengthMs });
  }
}
