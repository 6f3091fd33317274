import { describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { Problem } from '../errors/problem.js';
import { createLogger } from '../logging/logger.js';
import { untilReachable, waitForStart } from './wait-for-start.js';

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

  const failingWith =
    (...errors: Error[]) =>
    (): Promise<string> => {
      const [error] = errors.splice(0, 1);
      return error === undefined ? Promise.resolve('done') : Promise.reject(error);
    };
  const withState = (code: string): pg.DatabaseError =>
    Object.assign(new pg.DatabaseError('from the server', 0, 'error'), { code });

  it('does a step again for which nobody was let in', async () => {
    const step = failingWith(
      new Error('Connection terminated due to connection timeout'),
      new Problem('no-primary'),
      withState('57P03'),
      withState('25006'),
    );
    expect(await untilReachable(step, logger, { pollMs: 1 })).toBe('done');
  });

  it.each([withState('42601'), new Problem('validation-failed'), new Error('is started once')])(
    'ends with what is wrong with a step: %s',
    async (error) => {
      await expect(untilReachable(failingWith(error), logger, { pollMs: 1 })).rejects.toBe(error);
    },
  );

  it('does no step again for ever', async () => {
    const never = (): Promise<never> => Promise.reject(new Problem('no-primary'));
    await expect(untilReachable(never, logger, { deadlineMs: 5, pollMs: 1 })).rejects.toThrow();
  });
});
