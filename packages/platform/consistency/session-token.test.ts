import { randomUUID } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Tokens } from '../auth/tokens.js';
import { SessionTokens, unplacedLsn, type Session } from './session-token.js';

const key = 'k'.repeat(64);
const tokens = new SessionTokens(key);

const position = fc.record({
  epoch: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
  lsn: fc.bigInt({ min: 0n, max: unplacedLsn }),
});
const session: fc.Arbitrary<Session> = fc.record({
  account: fc.option(fc.uuid(), { nil: undefined }),
  written: position,
  seen: position,
  wroteAtMs: fc.integer({ min: 0, max: 2 ** 48 - 1 }),
});

const emptySession: Session = {
  account: undefined,
  written: { epoch: 0, lsn: 0n },
  seen: { epoch: 0, lsn: 0n },
  wroteAtMs: 0,
};

describe('a session token', () => {
  it('says what it was issued for, in a short header', () => {
    fc.assert(
      fc.property(session, (issued) => {
        const token = tokens.issue(issued);
        expect(tokens.read(token)).toEqual(issued);
        expect(token).toMatch(/^[\w.-]{1,120}$/);
      }),
    );
  });

  const token = tokens.issue({
    account: randomUUID(),
    written: { epoch: 3, lsn: 0x16b374d848n },
    seen: { epoch: 3, lsn: 0x16b374d849n },
    wroteAtMs: 1_764_000_000_000,
  });

  it('is refused with any of its characters changed, added or left out', () => {
    const accepted: string[] = [];
    for (let index = 0; index < token.length; index += 1) {
      const [before, character, after] = [token.slice(0, index), token[index] ?? '', token.slice(index + 1)];
      const others = ['A', 'B', '9', '-', '_', '=', '+', '.', ' ', '\n', '\u00e9'];
      const changed = others.flatMap((other) => [before + other + after, before + other + character + after]);
      for (const forged of [before + after, ...changed])
        if (forged !== token && tokens.read(forged) !== undefined) accepted.push(forged);
    }
    expect(accepted).toEqual([]);
  });

  it.each([
    ['of another shop', new SessionTokens('f'.repeat(64)).issue(emptySession)],
    ['that is a bearer token', new Tokens(key).issue({ accountId: randomUUID(), owner: 'alice' })],
    ['of another version', `2${token.slice(1)}`],
    ['that is twice there', `${token}, ${token}`],
    ['that is empty', ''],
    ['that is long', '1.'.padEnd(100_000, 'A')],
  ])('is refused %s', (_, offered) => {
    expect(tokens.read(offered)).toBeUndefined();
  });

  it('is not signed with the key of the bearer tokens itself', () => {
    const bearer = new Tokens(key).issue({ accountId: randomUUID(), owner: 'alice' });
    expect(new Tokens(key).verify(token)).toEqual({ rejected: 'invalid' });
    expect(tokens.read(bearer)).toBeUndefined();
  });
});
