import { describe, it } from '@jest/globals';
import fc from 'fast-check';
import { commitProperty } from './commit-property.js';
import { numberOfRuns, reportFailure, settings } from './run-settings.js';
import { subjects } from './subjects.js';

const runs = 5_000;

describe('under lost, late, repeated and reordered messages and crashes of the coordinator', () => {
  it.each(Object.entries(subjects))('%s keeps all branches together and comes to an end', (_, subject) => {
    reportFailure(
      'commit-protocols',
      fc.check(commitProperty(subject), { ...settings, numRuns: numberOfRuns(runs) }),
    );
  });
});
