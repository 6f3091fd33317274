import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { formatEntry, parseEntry, type CacheEntry, type EntryKind } from './cache-entry.js';

const marks = fc.stringMatching(/^[0-9a-f]{24}$/);
const times = fc.integer({ min: 0, max: 2 ** 47 });
const entries: fc.Arbitrary<CacheEntry> = fc.record({
  kind: fc.constantFrom<EntryKind>('value', 'absent', 'outdated', 'floor'),
  floor: marks,
  atLeast: marks,
  atMost: marks,
  loadedAtMs: times,
  freshUntilMs: times,
  payload: fc.string({ unit: 'binary' }),
});

describe('a cache entry', () => {
  it('is read as it was written', () => {
    fc.assert(fc.property(entries, (entry) => expect(parseEntry(formatEntry(entry))).toEqual(entry)));
  });

  it('is not made out of what anybody else has written', () => {
    fc.assert(fc.property(fc.string(), (text) => expect(parseEntry(text)).toBeUndefined()));
    expect(parseEntry('')).toBeUndefined();
    expect(parseEntry('{"sku":"MUG","priceMinor":990}')).toBeUndefined();
  });

  it('is none when a character of its head is missing', () => {
    fc.assert(
      fc.property(entries, fc.integer({ min: 0, max: 96 }), (entry, length) => {
        expect(parseEntry(formatEntry(entry).slice(0, length))).toBeUndefined();
      }),
    );
  });
});
