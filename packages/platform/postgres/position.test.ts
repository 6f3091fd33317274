import { describe, expect, test } from '@jest/globals';
import { formatLsn, isAtLeast, later, parseLsn } from './position.js';

describe('a position in the log', () => {
  test.each([
    ['0/0', 0n],
    ['0/1000060', 0x1000060n],
    ['16/B374D848', 0x16b374d848n],
    ['FFFFFFFF/FFFFFFFF', 0xffffffffffffffffn],
  ])('%s is read and written', (text, lsn) => {
    expect(parseLsn(text)).toBe(lsn);
    expect(formatLsn(lsn)).toBe(text);
  });

  test('of a later epoch is later, however short its log', () => {
    const before = { epoch: 1, lsn: 900n };
    const after = { epoch: 2, lsn: 100n };
    expect(isAtLeast(after, before)).toBe(true);
    expect(isAtLeast(before, after)).toBe(false);
    expect(isAtLeast(before, before)).toBe(true);
    expect(later(before, after)).toBe(after);
  });
});
