import { describe, expect, test } from '@jest/globals';
import { readPauses, readPercent } from './lab-heartbeat.js';

describe('what is given to the lab of heartbeats', () => {
  test('is read with its units', () => {
    expect(readPauses('800ms,1.5s, 20')).toEqual([800, 1_500, 20]);
    expect([readPercent('20%'), readPercent('0'), readPercent('12.5')]).toEqual([0.2, 0, 0.125]);
  });

  test.each(['', '0', '-5ms', '800m', '61s', '1,', 'ms', Array(11).fill('1').join()])(
    'refuses pauses of "%s"',
    (text) => expect(() => readPauses(text)).toThrow(/for example|At most/),
  );

  test.each(['', '91%', '-1', 'x', '20%%'])('refuses a loss of "%s"', (text) =>
    expect(() => readPercent(text)).toThrow('for example 20%'),
  );
});
