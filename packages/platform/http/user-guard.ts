import { Inject, Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { Tokens } from '../auth/tokens.js';
import { authenticate } from './principal.js';

/** Lets only users with a valid bearer token through, and tells the controller who it is (`@CurrentUser()`). */
@Injectable()
export class UserGuard implements CanActivate {
  constructor(@Inject(Tokens) private readonly tokens: Tokens) {}

  canActivate(context: ExecutionContext): boolean {
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    request.principal = authenticate(request, this.tokens);
    return true;
  }
}
