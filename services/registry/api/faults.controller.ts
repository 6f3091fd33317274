import { Body, Controller, Delete, Get, HttpCode, Inject, Param, Post, UseGuards } from '@nestjs/common';
import type { z } from 'zod';
import { Problem } from '#platform/errors/problem.js';
import { AdminGuard } from '#platform/http/admin-guard.js';
import { ControlPlane } from '../control-plane.js';
import type { AuditEntry } from '../domain/audit-log.js';
import { newFaultSchema } from './fault-schemas.js';

/** Breaks the running shop on purpose, for a while. */
@Controller('control/faults')
@UseGuards(AdminGuard)
export class FaultsController {
  constructor(@Inject(ControlPlane) private readonly control: ControlPlane) {}

  /** Answers when every process that can be reached has put it in force. */
  @Post()
  async add(@Body({ schema: newFaultSchema }) body: z.infer<typeof newFaultSchema>): Promise<object> {
    const added = this.control.faults.add(body);
    if (added.result === 'refused') throw new Problem(added.code, added.detail);
    const missing = await this.control.channels.applied();
    const unreached = added.fault.processes.filter((process) => missing.includes(process));
    return { ...added.fault, unreached };
  }

  @Get()
  list(): object {
    return { faults: this.control.faults.list(), ended: this.control.faults.listEnded() };
  }

  @Get('points')
  points(): object {
    return { points: this.control.faults.points() };
  }

  @Get('audit')
  auditLog(): { entries: readonly AuditEntry[] } {
    return { entries: this.control.audit.list() };
  }

  @Delete()
  async removeAll(): Promise<{ removed: number }> {
    const removed = this.control.faults.removeAll();
    await this.control.channels.applied();
    return { removed };
  }

  @Delete(':id')
  @HttpCode(204)
  async remove(@Param('id') id: string): Promise<void> {
    if (!this.control.faults.remove(id)) throw new Problem('unknown-fault');
    await this.control.channels.applied();
  }
}
