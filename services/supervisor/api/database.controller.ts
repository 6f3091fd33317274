import {
  Body,
  Controller,
  Delete,
  Get,
  Header,
  HttpCode,
  Inject,
  Param,
  Post,
  Put,
  UseGuards,
} from '@nestjs/common';
import type { z } from 'zod';
import { Problem } from '#platform/errors/problem.js';
import { AdminGuard } from '#platform/http/admin-guard.js';
import type { ClusterView } from '../domain/describe-cluster.js';
import type { ReplicaLag } from '../domain/replica-lags.js';
import { Operator } from '../operator.js';
import { modeSchema, newFailoverSchema, newLagSchema, synchronousSchema } from './schemas.js';

/** The primary and its replicas: how they are, and who is which. */
@Controller('control/database')
@UseGuards(AdminGuard)
export class DatabaseController {
  constructor(@Inject(Operator) private readonly operator: Operator) {}

  @Get()
  show(): ClusterView {
    return this.operator.show();
  }

  /** For whoever runs a server in a container, which needs no JSON to read it. */
  @Get('orders/:member')
  @Header('Content-Type', 'text/plain; charset=utf-8')
  orders(@Param('member') member: string): string {
    return this.operator.ordersOf(member);
  }

  @Post('failover')
  @HttpCode(200)
  failOver(
    @Body({ schema: newFailoverSchema }) { to }: z.infer<typeof newFailoverSchema>,
  ): Promise<{ epoch: number; primary: string; tookMs: number }> {
    return this.operator.failOver(to);
  }

  @Put('mode')
  setMode(@Body({ schema: modeSchema }) body: z.infer<typeof modeSchema>): z.infer<typeof modeSchema> {
    this.operator.setMode(body.mode);
    return body;
  }

  @Put('synchronous')
  async setSynchronous(
    @Body({ schema: synchronousSchema }) body: z.infer<typeof synchronousSchema>,
  ): Promise<z.infer<typeof synchronousSchema>> {
    await this.operator.setSynchronous(body.synchronous);
    return body;
  }

  @Post('lags')
  addLag(@Body({ schema: newLagSchema }) body: z.infer<typeof newLagSchema>): Promise<ReplicaLag> {
    return this.operator.addLag(body.member, body.lagMs, body.ttlMs);
  }

  @Delete('lags')
  async removeLags(): Promise<{ removed: number }> {
    return { removed: await this.operator.removeLags() };
  }

  @Delete('lags/:id')
  @HttpCode(204)
  async removeLag(@Param('id') id: string): Promise<void> {
    if ((await this.operator.removeLags(id)) === 0)
      throw new Problem('unknown-fault', 'There is no such lag, or it has ended');
  }
}
