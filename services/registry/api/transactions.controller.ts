import { Body, Controller, Get, HttpCode, Inject, Param, Post, UseGuards } from '@nestjs/common';
import type { z } from 'zod';
import { Problem } from '#platform/errors/problem.js';
import { AdminGuard } from '#platform/http/admin-guard.js';
import { ControlPlane } from '../control-plane.js';
import { inCausalOrder } from '../domain/transaction-events.js';
import { outcomeOf } from '../domain/transaction-view.js';
import { gidSchema, newTraceSchema } from './fault-schemas.js';

/** What really happened to a transaction, told by all processes. */
@Controller('control')
@UseGuards(AdminGuard)
export class TransactionsController {
  constructor(@Inject(ControlPlane) private readonly control: ControlPlane) {}

  /** From now on what happens to this request's transaction is told at once, and so survives its processes. */
  @Post('traces')
  async trace(@Body({ schema: newTraceSchema }) body: z.infer<typeof newTraceSchema>): Promise<object> {
    const { correlationId, ttlMs } = body;
    if (this.control.traces.add(correlationId, ttlMs) === 'limit-reached') throw new Problem('limit-reached');
    return { correlationId, ttlMs, unreached: await this.control.channels.applied() };
  }

  @Get('transactions/:gid')
  async show(@Param('gid', { schema: gidSchema }) gid: string): Promise<object> {
    const { channels, coordinators, events: told } = this.control;
    const [remembered, logged] = await Promise.all([channels.readEvents(gid), coordinators.readLog(gid)]);
    const events = inCausalOrder([told.of(gid), remembered.events]);
    const { protocol = '', records = [] } = logged ?? {};
    if (events.length === 0 && records.length === 0) throw new Problem('unknown-transaction');
    const outcome = outcomeOf(records, events);
    return {
      gid,
      ...(protocol !== '' && { protocol }),
      ...(outcome !== undefined && { outcome }),
      events,
      log: records,
      missing: [...remembered.unreachable, ...(logged === undefined ? ['log'] : [])],
    };
  }

  @Post('transactions/:gid/repair')
  @HttpCode(200)
  async repair(@Param('gid', { schema: gidSchema }) gid: string): Promise<object> {
    const repaired = await this.control.coordinators.repair(gid);
    if (repaired.result === 'unknown-transaction') throw new Problem('unknown-transaction');
    if (repaired.result === 'unavailable')
      throw new Problem('upstream-unavailable', 'No coordinator that can repair answers right now');
    this.control.audit.add('admin', 'transaction-repaired', { gid, ...repaired });
    return { gid, ...repaired };
  }
}
