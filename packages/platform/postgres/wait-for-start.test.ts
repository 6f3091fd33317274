import { describe, expect, it } from '@jest/globals';
import { createLogger } from '../logging/logger.js';
import { waitForStart } from './wait-for-start.js';

const logger = createLogger({ name: 'test', service: 'order', logLevel: 'silent' });

describe('a start', () => {
  it('waits until the database can be used', async () => {
    const answers = ['connect ECONNREFUSED', 'password authentication failed', undefined, 'asked too often'];
    await waitForStart(() => Promise.resolve(answers.shift()), logger, { pollMs: 1 });
    expect(answers).toEqual(['asked too often']);
  });

  it('does not wait for ever, and says what was missing', async () => {
    const waiting = waitForStart(() => 'no-primary', logger, { deadlineMs: 5, pollMs: 1 });
    await expect(waiting).rejects.toThrow('No database took writes for 5 ms: no-primary');
  });
});
