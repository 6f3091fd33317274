import { createHmac, randomUUID } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { Tokens } from './tokens.js';

describe('bearer tokens', () => {
  const key = 'k'.repeat(64);
  const principal = { accountId: randomUUID(), owner: 'alice' };
  const tokens = new Tokens(key);
  const nowS = Math.floor(Date.now() / 1000);
  const claims = { sub: principal.accountId, owner: 'alice', iss: 'tristate', iat: nowS, exp: nowS + 60 };

  const encode = (part: object): string => Buffer.from(JSON.stringify(part)).toString('base64url');
  const forge = (header: object, body: object, signingKey = key, hash = 'sha256'): string => {
    const signed = `${encode(header)}.${encode(body)}`;
    return `${signed}.${createHmac(hash, signingKey).update(signed).digest('base64url')}`;
  };
  const hs256 = { alg: 'HS256', typ: 'JWT' };

  it('speak for whom they were issued to', () => {
    expect(tokens.verify(tokens.issue(principal))).toEqual(principal);
    expect(tokens.verify(forge(hs256, claims))).toEqual(principal);
  });

  it('expire', () => {
    expect(tokens.verify(forge(hs256, { ...claims, exp: nowS - 1 }))).toEqual({ rejected: 'expired' });
  });

  it('live for 15 minutes', () => {
    const [, body = ''] = tokens.issue(principal).split('.');
    const { iat, exp } = JSON.parse(Buffer.from(body, 'base64url').toString()) as {
      iat: number;
      exp: number;
    };
    expect(exp - iat).toBe(15 * 60);
  });

  it.each<[string, string]>([
    ['signed with another key', forge(hs256, claims, 'f'.repeat(64))],
    ['without a signature', `${encode({ alg: 'none' })}.${encode(claims)}.`],
    ['that says none and is signed', forge({ alg: 'none' }, claims)],
    ['of another algorithm', forge({ alg: 'HS512', typ: 'JWT' }, claims, key, 'sha512')],
    ['that never expires', forge(hs256, { ...claims, exp: undefined })],
    ['of another issuer', forge(hs256, { ...claims, iss: 'somebody' })],
    ['without an account', forge(hs256, { ...claims, sub: undefined })],
    ['whose account is no id', forge(hs256, { ...claims, sub: "' OR 1 = 1" })],
    ['without an owner', forge(hs256, { ...claims, owner: undefined })],
    ['that is no token', 'no-token'],
    ['that is empty', ''],
  ])('are refused %s', (_, token) => {
    expect(tokens.verify(token)).toEqual({ rejected: 'invalid' });
  });

  it('are refused when a character of the body was changed', () => {
    const [header = '', body = '', signature = ''] = tokens.issue(principal).split('.');
    const changed = encode({
      ...(JSON.parse(Buffer.from(body, 'base64url').toString()) as object),
      owner: 'bob',
    });
    expect(tokens.verify([header, changed, signature].join('.'))).toEqual({ rejected: 'invalid' });
  });
});
