import { describe, expect, it } from '@jest/globals';
import { bearerToken, secretsEqual } from './secrets.js';

describe('secrets', () => {
  it('are equal or not, also where their lengths differ', () => {
    expect(secretsEqual('secret', 'secret')).toBe(true);
    expect(secretsEqual('secret', 'secreT')).toBe(false);
    expect(secretsEqual('', 'secret')).toBe(false);
    expect(secretsEqual('secret-and-more', 'secret')).toBe(false);
  });

  it.each([
    ['Bearer abc.DEF-123_~+/=', 'abc.DEF-123_~+/='],
    ['bearer  abc', 'abc'],
    [undefined, undefined],
    ['', undefined],
    ['Bearer', undefined],
    ['Bearer ', undefined],
    ['Basic abc', undefined],
    ['Bearer a b', undefined],
    ['Bearer a\nb', undefined],
  ])('come in the header %j as %j', (header, token) => {
    expect(bearerToken(header)).toBe(token);
  });
});
