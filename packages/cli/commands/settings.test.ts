import { describe, expect, test } from '@jest/globals';
import { InvalidArgumentError } from 'commander';

import { addSwitch } from './settings.js';

describe('a switch on the command line', () => {
  test('is one of many, of which the last counts', () => {
    const first = addSwitch('cache.filter=off', undefined);
    const second = addSwitch('overload.enabled=off', first);
    expect(addSwitch('cache.filter=on', second)).toEqual({
      cache: { filter: true },
      overload: { enabled: false },
    });
  });

  test.each([
    ['cache.filtre=off', /Did you mean cache\.filter\?/],
    ['cache.filter', /Write cache\.filter=on or =off/],
    ['cache.filter=maybe', /Write cache\.filter=on/],
    ['cache.filter=on=off', /Write cache\.filter=on/],
    ['cache=off', /There are cache\.nullMarker/],
    ['__proto__.polluted=on', /There are/],
    ['', /Write NAME=on/],
  ])('%s is refused', (text, why) => {
    expect(() => addSwitch(text, undefined)).toThrow(InvalidArgumentError);
    expect(() => addSwitch(text, undefined)).toThrow(why);
  });
});
