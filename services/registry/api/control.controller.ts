import { Controller, Get, Inject, Query, UseGuards } from '@nestjs/common';
import { z } from 'zod';
import type { ProcessConfig, Topology } from '#platform/config/process-config.js';
import { Problem } from '#platform/errors/problem.js';
import { AdminGuard } from '#platform/http/admin-guard.js';
import { PROCESS_CONFIG } from '#platform/process/tokens.js';
import { checkInvariants, type Books, type Verdict } from '../domain/check-invariants.js';
import { invariantsQuerySchema } from './schemas.js';

export const BOOKS = Symbol('BOOKS');

/** What the operator of a shop may ask it. */
@Controller('control')
@UseGuards(AdminGuard)
export class ControlController {
  constructor(
    @Inject(BOOKS) private readonly books: () => Books,
    @Inject(PROCESS_CONFIG) private readonly config: ProcessConfig,
  ) {}

  @Get('topology')
  topology(): Topology {
    const { topology } = this.config;
    if (topology === undefined) throw new Problem('not-found', 'This process was not told the topology');
    return topology;
  }

  @Get('invariants')
  invariants(
    @Query({ schema: invariantsQuerySchema }) { waitMs }: z.infer<typeof invariantsQuerySchema>,
  ): Promise<Verdict> {
    return checkInvariants(this.books(), waitMs);
  }
}
