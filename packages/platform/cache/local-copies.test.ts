import { describe, expect, it } from '@jest/globals';
import { newEntry } from './cache-entry.js';
import { LocalCopies, type LocalCopy } from './local-copies.js';
import { startMark } from './mark.js';

describe('local copies', () => {
  const copy = (payload: string): LocalCopy => ({
    entry: newEntry({
      kind: 'value',
      atLeast: startMark,
      atMost: startMark,
      loadedAtMs: 0,
      freshUntilMs: 0,
      payload,
    }),
    incarnation: undefined,
    untilMs: 0,
  });

  it('are of those keys that were set last, and no more than so many', () => {
    const copies = new LocalCopies(2);
    copies.set('a', copy('1'));
    copies.set('b', copy('2'));
    copies.set('a', copy('3'));
    copies.set('c', copy('4'));
    expect(['a', 'b', 'c'].map((id) => copies.get(id)?.entry.payload)).toEqual(['3', undefined, '4']);
    copies.forget(['a', 'x']);
    expect(copies.get('a')).toBeUndefined();
  });
});
