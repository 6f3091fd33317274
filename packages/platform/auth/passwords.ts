import { randomBytes, scrypt, timingSafeEqual, type ScryptOptions } from 'node:crypto';
import { Semaphore } from '../process/semaphore.js';

// OWASP's minimum for scrypt with 16 MiB (Password Storage Cheat Sheet): N = 2^14, r = 8, p = 5.
const cost = { N: 2 ** 14, r: 8, p: 5 } as const;
const keyLength = 32;

// Each hash holds 16 MiB and most of a core; more at once would starve everything else, and
// who would wait longer than for a few of them is told to come back.
const atOnce = new Semaphore(2, 16);

/** Hashes a password with scrypt (RFC 7914), in the form `scrypt$N$r$p$salt$hash` (base64url). */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(16);
  const hash = await derive(password, salt, cost);
  return ['scrypt', cost.N, cost.r, cost.p, salt.toString('base64url'), hash.toString('base64url')].join('$');
}

/** True when `password` is the one that `stored` was made from. Takes the same time whatever the answer. */
export async function verifyPassword(password: string, stored: string): Promise<boolean> {
  const [scheme, N, r, p, salt = '', hash = ''] = stored.split('$');
  if (scheme !== 'scrypt') return false;
  const expected = Buffer.from(hash, 'base64url');
  const options = { N: Number(N), r: Number(r), p: Number(p) };
  const actual = await derive(password, Buffer.from(salt, 'base64url'), options);
  return actual.length === expected.length && timingSafeEqual(actual, expected);
}

function derive(password: string, salt: Buffer, options: ScryptOptions): Promise<Buffer> {
  return atOnce.use(
    () =>
      new Promise((resolve, reject) => {
        scrypt(password.normalize('NFC'), salt, keyLength, options, (error, key) =>
          error === null ? resolve(key) : reject(error),
        );
      }),
  );
}
