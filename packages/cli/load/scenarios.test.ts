import { expect, test } from '@jest/globals';
import { defaultMix, kindOf, parseMix, scenarios } from './scenarios.js';

test('a mix is names with weights', () => {
  expect(parseMix('browse=3, order')).toEqual([
    { scenario: 'browse', weight: 3 },
    { scenario: 'order', weight: 1 },
  ]);
  expect(parseMix(defaultMix)).toHaveLength(Object.keys(scenarios).length);
});

test.each([
  ['stroll', /no scenario "stroll": browse/],
  ['', /no scenario/],
  ['browse,,order', /no scenario/],
  ['toString', /no scenario "toString"/],
  ['browse=0', /weight of browse/],
  ['browse=-1', /no scenario "browse=-1"/],
  ['browse=1,browse=2', /named twice/],
])('"%s" is refused', (text, message) => {
  expect(() => parseMix(text)).toThrow(message);
});

test('every scenario asks for something, and takes a refusal of an order for an answer', () => {
  const shop = { skus: ['a-1', 'b-2'], words: ['tea & co'] };
  const kinds = parseMix(defaultMix).map((one) => kindOf(one, shop));
  for (const { paths } of kinds) expect(paths.length).toBeGreaterThan(0);
  expect(kinds.find(({ name }) => name === 'search')?.paths).toEqual(['/api/products?query=tea%20%26%20co']);
  expect(kinds.find(({ name }) => name === 'order')?.expected).toContain(409);
});
