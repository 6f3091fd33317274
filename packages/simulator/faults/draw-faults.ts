import type { CommitProtocolName } from '#protocols/commit/catalogue.js';
import { actionsAt } from '#protocols/commit/failpoints.js';
import { actingPoint } from '../kernel/coverage.js';
import {
  calmNetwork,
  type FaultPlan,
  type Incident,
  type NetworkFaults,
  type PlannedFault,
} from '../kernel/fault-plan.js';
import type { Random } from '../kernel/random.js';
import { reachablePoints } from './reachable-points.js';

const mostArmed = 4;
const mostIncidents = 4;
/** The first passes are the busy ones; a later one may never come. */
const latestPass = 6;
const kinds: readonly [Incident['kind'], ...Incident['kind'][]] = [
  'crash',
  'crash',
  'pause',
  'pause',
  'partition',
];
/** Shorter than every time-out, about as long, and longer. */
const durationsMs: readonly [[number, number], ...[number, number][]] = [
  [5, 200],
  [200, 1_500],
  [1_500, 4_500],
];

const reachable = new Map<CommitProtocolName, readonly number[]>();

/** Draws the faults of one schedule. Each kind is left out of some, so that others are seen alone. */
export function drawFaults(random: Random, protocol: CommitProtocolName, faultyMs: number): FaultPlan {
  const points = pointsOf(protocol);
  const armed = new Map<number, PlannedFault>();
  const armedCount = random.below(mostArmed + 1);
  for (let drawn = 0; drawn < armedCount; drawn++) {
    const point = points[random.below(points.length)] ?? 0;
    const actions = actionsAt(actingPoint(point));
    const action = actions[random.below(actions.length)] ?? 'crash';
    const pass = 1 + random.below(random.chance(0.5) ? 1 : latestPass);
    armed.set(point, { point, pass, action, forMs: drawDuration(random) });
  }
  const incidents = Array.from(
    { length: random.chance(0.5) ? 0 : random.below(mostIncidents + 1) },
    (): Incident => drawIncident(random, faultyMs),
  );
  const statementFailureChance = random.chance(0.3) ? random.pick([0.02, 0.1]) : 0;
  return { network: drawNetwork(random), statementFailureChance, armed, incidents };
}

function drawNetwork(random: Random): NetworkFaults {
  if (random.chance(0.3)) return calmNetwork;
  return {
    lossChance: random.pick([0, 0, 0.02, 0.1, 0.4]),
    repeatChance: random.pick([0, 0, 0.05, 0.2]),
    lateChance: random.pick([0, 0, 0.1, 0.3]),
    latestMs: random.pick([20, 300, 2_000, 6_000]),
  };
}

function drawIncident(random: Random, faultyMs: number): Incident {
  const kind = random.pick(kinds);
  const atMs = random.between(0, random.chance(0.5) ? Math.min(300, faultyMs) : faultyMs);
  return {
    kind,
    atMs,
    process: random.below(64),
    sides: random.below(1 << 12),
    forMs: drawDuration(random),
  };
}

function drawDuration(random: Random): number {
  return random.between(...random.pick(durationsMs));
}

function pointsOf(protocol: CommitProtocolName): readonly number[] {
  const known = reachable.get(protocol);
  if (known !== undefined) return known;
  const points = reachablePoints(protocol);
  reachable.set(protocol, points);
  return points;
}
