import { Inject, Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { PROCESS_CONFIG } from '../process/tokens.js';
import type { ProcessConfig } from '../config/process-config.js';
import { requireAdmin } from './principal.js';

/** Lets only the holder of the admin token through. */
@Injectable()
export class AdminGuard implements CanActivate {
  constructor(@Inject(PROCESS_CONFIG) private readonly config: ProcessConfig) {}

  canActivate(context: ExecutionContext): boolean {
    requireAdmin(context.switchToHttp().getRequest<FastifyRequest>(), this.config.secrets.adminToken);
    return true;
  }
}
