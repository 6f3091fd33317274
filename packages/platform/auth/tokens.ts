import { createSigner, createVerifier } from 'fast-jwt';
import { z } from 'zod';

/** Who a bearer token speaks for. */
export interface Principal {
  readonly accountId: string;
  readonly owner: string;
}

const lifetimeMs = 15 * 60_000;
const issuer = 'tristate';

const claims = z.object({ sub: z.uuid(), owner: z.string() });

/** Signs and checks users' bearer tokens: JWTs with HMAC-SHA256, valid for 15 minutes. */
export class Tokens {
  private readonly sign: (payload: Record<string, unknown>) => string;
  private readonly check: (token: string) => unknown;

  constructor(key: string) {
    this.sign = createSigner({ key, algorithm: 'HS256', expiresIn: lifetimeMs, iss: issuer });
    this.check = createVerifier({
      key,
      algorithms: ['HS256'],
      allowedIss: issuer,
      requiredClaims: ['sub', 'exp'],
      // A load of orders repeats few tokens; a hit still checks the expiry.
      cache: 1000,
    }) as (token: string) => unknown;
  }

  issue(principal: Principal): string {
    return this.sign({ sub: principal.accountId, owner: principal.owner });
  }

  /** The principal of a token, or the reason why it is not accepted. */
  verify(token: string): Principal | { rejected: 'expired' | 'invalid' } {
    try {
      const { sub, owner } = claims.parse(this.check(token));
      return { accountId: sub, owner };
    } catch (error) {
      const expired = error instanceof Error && 'code' in error && error.code === 'FAST_JWT_EXPIRED';
      return { rejected: expired ? 'expired' : 'invalid' };
    }
  }
}
