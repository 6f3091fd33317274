import { Body, Controller, Get, Inject, Put, UseGuards } from '@nestjs/common';
import { Problem } from '#platform/errors/problem.js';
import { AdminGuard } from '#platform/http/admin-guard.js';
import { BalancingBoard, type BalancingChange, type BalancingState } from '../domain/balancing-board.js';
import { balancingChangeSchema } from './balancing-openapi.js';

/** How nginx and the services choose copies, while the shop is open. */
@Controller('control/balancing')
@UseGuards(AdminGuard)
export class BalancingController {
  constructor(@Inject(BalancingBoard) private readonly held: BalancingBoard | undefined) {}

  @Get()
  show(): BalancingState {
    return this.board.current();
  }

  /** Answers when everybody is being told; nginx needs half a second more. */
  @Put()
  change(@Body({ schema: balancingChangeSchema }) body: BalancingChange): BalancingState {
    const refusal = this.board.change(body);
    if (refusal !== undefined) throw new Problem(refusal.code, refusal.detail);
    return this.board.current();
  }

  private get board(): BalancingBoard {
    if (this.held === undefined) throw new Problem('no-control-streams');
    return this.held;
  }
}
