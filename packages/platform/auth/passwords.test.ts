import { describe, expect, it, jest } from '@jest/globals';
import { hashPassword, verifyPassword } from './passwords.js';

/** A hash is slow on purpose, and slower where many want the processor. */
jest.setTimeout(60_000);

describe('passwords', () => {
  it('are known again, and only the right one', async () => {
    const stored = await hashPassword('correct horse battery staple');
    expect(await verifyPassword('correct horse battery staple', stored)).toBe(true);
    expect(await verifyPassword('correct horse battery stapl', stored)).toBe(false);
    expect(await verifyPassword('', stored)).toBe(false);
  });

  it('are stored with a memory-hard function, a salt of their own and the cost', async () => {
    const [one, other] = await Promise.all([hashPassword('same password'), hashPassword('same password')]);
    expect(one).toMatch(/^scrypt\$16384\$8\$5\$[\w-]{22}\$[\w-]{43}$/);
    expect(one).not.toBe(other);
    expect(one).not.toContain('same');
  });

  it('are the same however the keyboard composes their letters', async () => {
    const stored = await hashPassword('caf\u00e9-caf\u00e9');
    expect(await verifyPassword('cafe\u0301-cafe\u0301', stored)).toBe(true);
  });

  it.each(['', 'plain', 'md5$1$1$1$AAAA$BBBB', 'scrypt$16384$8$5$AAAA$', 'scrypt$16384$8$5$$AAAA'])(
    'are refused where %j is stored',
    async (stored) => {
      expect(await verifyPassword('password', stored)).toBe(false);
    },
  );
});
