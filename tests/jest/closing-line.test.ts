import { describe, expect, it } from '@jest/globals';
import { closingLine } from './closing-line.js';

const none = {
  numPassedTests: 0,
  numFailedTests: 0,
  numPendingTests: 0,
  numTodoTests: 0,
  numRuntimeErrorTestSuites: 0,
};

describe('the closing line of a test run', () => {
  it('counts what passed and what failed', () => {
    expect(closingLine({ ...none, numPassedTests: 12, numFailedTests: 3 })).toBe('12 passed, 3 failed');
  });

  it('names skipped tests only where there are some', () => {
    expect(closingLine({ ...none, numPassedTests: 1, numPendingTests: 1, numTodoTests: 1 })).toBe(
      '1 passed, 0 failed, 2 skipped',
    );
  });

  it('counts a suite that did not load as failed', () => {
    expect(closingLine({ ...none, numRuntimeErrorTestSuites: 1 })).toBe('0 passed, 1 failed');
  });
});
