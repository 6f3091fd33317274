import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { WeightedTurns } from './weighted-turns.js';

const addresses = ['a', 'b', 'c', 'd'];

function turns(count: number, weights: readonly number[]): string {
  const rule = new WeightedTurns();
  return Array.from({ length: count }, () => addresses[rule.next(addresses, weights)]).join('');
}

test('the turns of 5, 1, 1 are spread as nginx’s are', () => {
  expect(turns(7, [5, 1, 1])).toBe('aabacaa');
});

test('a whole round gives everybody exactly its weight', () => {
  const weight = fc.integer({ min: 1, max: 40 });
  fc.assert(
    fc.property(fc.tuple(weight, weight, weight, weight), (weights) => {
      const sum = weights.reduce((left, right) => left + right);
      const round = turns(sum, weights);
      weights.forEach((expected, index) => {
        expect([...round].filter((address) => address === addresses[index])).toHaveLength(expected);
      });
    }),
  );
});

test('who has no weight gets no turn, and nobody gets one when none has', () => {
  expect(turns(4, [0, 1, 0, 1])).toBe('bdbd');
  expect(new WeightedTurns().next(addresses, [0, 0, 0, 0])).toBe(-1);
  expect(new WeightedTurns().next([], [])).toBe(-1);
});
