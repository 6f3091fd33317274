import { expect, test } from '@jest/globals';
import { homesOf, jainsIndex, movedShare } from './fairness.js';
import { contradictions } from './order-agreement.js';

test("Jain's index is 1 for equal shares, 1/n when one has all, and between them otherwise", () => {
  expect(jainsIndex([5, 5, 5, 5])).toBe(1);
  expect(jainsIndex([8, 0, 0, 0])).toBe(0.25);
  expect(jainsIndex([3, 1])).toBeCloseTo(0.8);
  expect(jainsIndex([0, 0])).toBe(1);
});

test('a client has moved when another back end answers it most', () => {
  const before = homesOf({ 0: { a: 9, b: 1 }, 1: { b: 3 }, 2: { c: 1 }, 3: { a: 1 } });
  const after = homesOf({ 0: { a: 1, b: 9 }, 1: { b: 1 }, 2: { c: 1, a: 0 } });
  expect(movedShare(before, after)).toBeCloseTo(1 / 3);
  expect(movedShare(new Map(), after)).toBe(0);
});

test('rounds contradict each other only where one is clearly better here and clearly worse there', () => {
  const round = (a: number, b: number, c: number): Map<string, number> =>
    new Map(Object.entries({ a, b, c }));
  expect(contradictions([round(10, 20, 40), round(11, 19, 80), round(19, 20, 50)])).toEqual([]);
  expect(contradictions([round(10, 20, 40), round(30, 20, 40)])).toEqual([{ one: 'a', other: 'b' }]);
});
