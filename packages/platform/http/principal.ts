import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { bearerToken, secretsEqual } from '../auth/secrets.js';
import type { Principal, Tokens } from '../auth/tokens.js';
import { Problem } from '../errors/problem.js';

declare module 'fastify' {
  interface FastifyRequest {
    principal?: Principal;
  }
}

/** The user whose token came with the request; the route is guarded by `requireUser`. */
export const CurrentUser = createParamDecorator((_: unknown, context: ExecutionContext): Principal => {
  const { principal } = context.switchToHttp().getRequest<FastifyRequest>();
  if (principal === undefined) throw new Problem('unauthenticated');
  return principal;
});

/** Finds out who calls. Throws 401 when the token is missing, wrong or expired. */
export function authenticate(request: FastifyRequest, tokens: Tokens): Principal {
  const token = bearerToken(request.headers.authorization);
  if (token === undefined)
    throw new Problem('unauthenticated', 'Send the header Authorization: Bearer <token>');
  const principal = tokens.verify(token);
  if ('rejected' in principal) throw new Problem('unauthenticated', `The token is ${principal.rejected}`);
  return principal;
}

/** Throws unless the admin token came with the request: 401 without a token, 403 with a user's or a wrong one. */
export function requireAdmin(request: FastifyRequest, adminToken: string): void {
  const token = bearerToken(request.headers.authorization);
  if (token === undefined)
    throw new Problem('unauthenticated', 'Send the header Authorization: Bearer <admin token>');
  if (!secretsEqual(token, adminToken)) throw new Problem('forbidden', 'Only the admin token opens /control');
}
