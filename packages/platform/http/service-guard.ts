import { Inject, Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { Callers } from '../auth/callers.js';
import { bearerToken } from '../auth/secrets.js';
import { Problem } from '../errors/problem.js';

/** Lets only those services through that have business with the route, each known by its key. */
@Injectable()
export class ServiceGuard implements CanActivate {
  constructor(@Inject(Callers) private readonly callers: Callers) {}

  canActivate(context: ExecutionContext): boolean {
    const { headers, url } = context.switchToHttp().getRequest<FastifyRequest>();
    const key = bearerToken(headers.authorization);
    const caller = key === undefined ? undefined : this.callers.identify(key);
    if (caller === undefined) throw new Problem('unauthenticated', 'Services call here, with their keys');
    if (!this.callers.mayCall(caller, url)) throw new Problem('forbidden', `${caller} may not call this`);
    return true;
  }
}
