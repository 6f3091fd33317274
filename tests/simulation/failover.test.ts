import { describe, expect, it } from '@jest/globals';
import type { Memory, SynchronousMode } from '#protocols/failover/cluster.js';
import { Failover, type Decision } from '#protocols/failover/failover.js';
import {
  runFailover,
  type FailoverOutcome,
  type FailoverRun,
} from '#simulator/failover/failover-simulation.js';

const names = ['postgres-1', 'postgres-2', 'postgres-3'];

/** How many schedules a run of the tests can afford; TRISTATE_SEEDS in the environment says otherwise. */
const seeds = Array.from({ length: Number(process.env['TRISTATE_SEEDS'] ?? 12) }, (_, index) => index + 1);

class Hasty extends Failover<Memory> {
  override decide(nowMs: number): Decision<Memory> {
    this.lease.overAtMs = Math.min(this.lease.overAtMs, this.lease.overAtMs - 1_500);
    return super.decide(nowMs);
  }
}

class Forgetful extends Failover<Memory> {
  override decide(nowMs: number): Decision<Memory> {
    this.lease.renewing = () => undefined;
    return super.decide(nowMs);
  }
}

class Careless extends Failover<Memory> {
  override decide(nowMs: number): Decision<Memory> {
    const decision = super.decide(nowMs);
    if (decision.kind !== 'remember' || decision.memory.epoch === this.memory.epoch) return decision;
    const primary = names.find(
      (name) => name !== decision.memory.primary && this.lastOf(name)?.recovering === true,
    );
    return { ...decision, memory: { ...decision.memory, primary: primary ?? decision.memory.primary } };
  }
}

/** What a failing schedule is told with: all that happened, and its seed. */
function tellOf({ seed, synchronous }: FailoverRun, { broken, happened }: FailoverOutcome): string {
  return broken === undefined
    ? ''
    : [...happened, `Broken by seed ${seed}, ${synchronous}: ${broken}`].join('\n');
}

describe('a primary, its replicas and their supervisor under crashes, pauses, cuts and slow statements', () => {
  it.each<SynchronousMode>(['flush', 'none'])(
    'with synchronous %s: never two primaries, nothing lost that must not be, and all is well in the end',
    (synchronous) => {
      let acknowledged = 0;
      let promotions = 0;
      for (const seed of seeds) {
        const run = { seed, synchronous, faults: true };
        const outcome = runFailover(run);
        expect(tellOf(run, outcome)).toBe('');
        acknowledged += outcome.acknowledged;
        promotions += outcome.promotions;
      }
      // The schedules do what they are there for.
      expect(promotions).toBeGreaterThan(seeds.length);
      expect(acknowledged).toBeGreaterThan(100 * seeds.length);
    },
  );

  it.each([
    ['a replica is promoted before the lease is over', Hasty, 'at once'],
    ['renewals under way are not counted', Forgetful, 'at once'],
    ['any replica is promoted', Careless, 'lost'],
  ])('finds out when %s', (_, Broken, broken) => {
    const newFailover = (...parts: ConstructorParameters<typeof Broken>): Failover<Memory> =>
      new Broken(...parts);
    const found = seeds.some((seed) =>
      runFailover({ seed, synchronous: 'flush', faults: true, newFailover }).broken?.includes(broken),
    );
    expect(found).toBe(true);
  });

  it('never replaces a primary because of slow answers', () => {
    for (const seed of seeds.slice(0, 10)) {
      const { promotions, broken } = runFailover({ seed, synchronous: 'none', faults: false });
      expect({ promotions, broken }).toEqual({ promotions: 0, broken: undefined });
    }
  });
});
