import fc from 'fast-check';
import type { CommitProtocol } from '#protocols/commit/messages.js';
import { BranchModel } from '#simulator/branch-model.js';
import type { SafetyRule } from '#simulator/commit-safety.js';
import { CommitWorld, type Incident } from '#simulator/commit-world.js';

/** A protocol core with the branches that it drives, and what it promises of them. */
export interface Subject {
  readonly protocol: CommitProtocol<unknown>;
  readonly newBranch?: (refusal: string | undefined) => BranchModel;
  readonly rules: readonly SafetyRule[];
}

const mostBranches = 4;
const mostIncidents = 80;

const choice = fc.nat({ max: 20 });
const incident: fc.Arbitrary<Incident> = fc.oneof(
  { weight: 12, arbitrary: fc.record({ do: fc.constant('deliver'), message: choice }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('duplicate'), message: choice }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('lose'), message: choice }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('time-out'), timer: choice }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('flush'), records: fc.integer({ min: 1, max: 2 }) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('crash'),
      afterEffects: fc.nat({ max: 6 }),
      keptRecords: fc.nat({ max: 3 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('restart') }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('ask') }) },
);

const refusal = fc.option(fc.constantFrom('insufficient-funds', 'out-of-stock'), { nil: undefined, freq: 3 });

/**
 * Whatever is lost, late, repeated or reordered, and wherever the coordinator crashes: the protocol's safety rules
 * hold after every event, and once nothing fails any more all branches end the same way.
 */
export function commitProperty({
  protocol,
  newBranch = (refusal) => new BranchModel(refusal),
  rules,
}: Subject): fc.IProperty<[(string | undefined)[], Incident[]]> {
  return fc.property(
    fc.array(refusal, { minLength: 1, maxLength: mostBranches }),
    fc.array(incident, { maxLength: mostIncidents, size: 'max' }),
    (refusals, incidents) => {
      const world = new CommitWorld(protocol, refusals.map(newBranch), rules);
      world.happen({ do: 'ask' });
      for (const one of incidents) world.happen(one);
      world.heal();
    },
  );
}
