import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { BrokenPromise } from '#simulator/commit-world.js';
import { commitProperty, type Subject } from '../simulation/commit-property.js';
import { settings } from '../simulation/run-settings.js';
import { subjects } from '../simulation/subjects.js';
import { brokenBranches } from './broken-branches.js';
import { brokenCores } from './broken-cores.js';

/** The simulation is itself tested: put a known bug back, and the same property must fail, for the right reason. */
describe('the simulation catches that', () => {
  const mostRuns = 20_000;

  const whatFails = (subject: Subject): unknown => {
    const parameters = { ...settings, numRuns: mostRuns, endOnFailure: true };
    return fc.check(commitProperty(subject), parameters).errorInstance;
  };

  it.each(brokenCores)('$bug ($of)', ({ of, core }) => {
    expect(whatFails({ ...subjects[of], protocol: core })).toBeInstanceOf(BrokenPromise);
  });

  it.each(brokenBranches)('$bug ($in)', ({ in: protocol, newBranch }) => {
    expect(whatFails({ ...subjects[protocol], newBranch })).toBeInstanceOf(BrokenPromise);
  });
});
