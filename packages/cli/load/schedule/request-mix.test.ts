import { expect, test } from '@jest/globals';
import { newPicker, type PickedRequest, type RequestMix } from './request-mix.js';

const count = 20_000;
const mix: RequestMix = { weights: [6, 3, 1], clients: 8 };

function pickAll(of: RequestMix, seed: number): PickedRequest[] {
  const pick = newPicker(of, seed);
  return Array.from({ length: count }, (_, number) => pick(number));
}

const shareOf = (picked: readonly PickedRequest[], holds: (one: PickedRequest) => boolean): number =>
  picked.filter(holds).length / picked.length;

test('kinds come by their weights, clients and choices evenly', () => {
  const picked = pickAll(mix, 1);
  for (const [kind, share] of [0.6, 0.3, 0.1].entries())
    expect(shareOf(picked, (one) => one.kind === kind)).toBeCloseTo(share, 1.5);
  for (let client = 0; client < 8; client++)
    expect(Math.abs(shareOf(picked, (one) => one.client === client) - 1 / 8)).toBeLessThan(0.015);
  expect(Math.abs(shareOf(picked, ({ choice }) => choice < 0.5) - 0.5)).toBeLessThan(0.02);
});

test('kind, client and choice do not depend on each other', () => {
  const first = pickAll(mix, 1).filter(({ kind }) => kind === 2);
  expect(Math.abs(shareOf(first, ({ client }) => client < 4) - 0.5)).toBeLessThan(0.05);
  expect(Math.abs(shareOf(first, ({ choice }) => choice < 0.5) - 0.5)).toBeLessThan(0.05);
});

test('the same seed gives the same requests, another seed others', () => {
  expect(pickAll(mix, 7)).toEqual(pickAll(mix, 7));
  const [one, other] = [pickAll(mix, 7), pickAll(mix, 8)];
  const same = one.filter(({ client }, index) => client === other[index]?.client).length / count;
  expect(same).toBeLessThan(0.2);
});

test('a hot client has its share, and the others divide the rest', () => {
  const picked = pickAll({ ...mix, hotClientShare: 0.5 }, 3);
  expect(Math.abs(shareOf(picked, ({ client }) => client === 0) - 0.5)).toBeLessThan(0.02);
  for (let client = 1; client < 8; client++)
    expect(Math.abs(shareOf(picked, (one) => one.client === client) - 0.5 / 7)).toBeLessThan(0.01);
});

test('a kind of weight 0 never comes', () => {
  expect(pickAll({ weights: [1, 0], clients: 1 }, 1).every(({ kind }) => kind === 0)).toBe(true);
});
