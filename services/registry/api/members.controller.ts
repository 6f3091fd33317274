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
  Query,
  UseGuards,
} from '@nestjs/common';
import type { z } from 'zod';
import { Problem } from '#platform/errors/problem.js';
import { AdminGuard } from '#platform/http/admin-guard.js';
import type { View } from '#platform/membership/view.js';
import { MemberBoard, type MemberReport } from '../domain/member-board.js';
import { detectorSchema, membersQuerySchema } from './member-schemas.js';

interface Members extends Omit<View, 'members'> {
  readonly members: readonly MemberReport[];
}

/** Who is there, how it is known, and who is to be left out for a while. */
@Controller('control/members')
@UseGuards(AdminGuard)
export class MembersController {
  constructor(@Inject(MemberBoard) private readonly held: MemberBoard | undefined) {}

  /** Waits for a view other than the one that the caller knows, if it names one. */
  @Get()
  // A connection that waits while the registry ends would be kept open after its answer.
  @Header('Connection', 'close')
  async list(
    @Query({ schema: membersQuerySchema }) { known, waitMs }: z.infer<typeof membersQuerySchema>,
  ): Promise<Members> {
    const { board } = this;
    if (known === versionOf(board)) await changeOf(board, waitMs);
    return { ...board.view(), members: board.report() };
  }

  @Put('detector')
  switchDetector(@Body({ schema: detectorSchema }) { detector }: z.infer<typeof detectorSchema>): Members {
    this.board.switchDetector(detector);
    return { ...this.board.view(), members: this.board.report() };
  }

  /** Answers as soon as everybody is being told; who follows the view needs a moment. */
  @Post(':name/drain')
  @HttpCode(200)
  drain(@Param('name') name: string): { version: number } {
    return this.setDraining(name, true);
  }

  @Delete(':name/drain')
  undrain(@Param('name') name: string): { version: number } {
    return this.setDraining(name, false);
  }

  private setDraining(name: string, draining: boolean): { version: number } {
    const refusal = this.board.drain(name, draining);
    if (refusal !== undefined) throw new Problem(refusal);
    return { version: this.board.view().version };
  }

  private get board(): MemberBoard {
    if (this.held === undefined) throw new Problem('no-members-here');
    return this.held;
  }
}

function versionOf(board: MemberBoard): string {
  const { epoch, version } = board.view();
  return `${epoch}.${version}`;
}

function changeOf(board: MemberBoard, waitMs: number): Promise<void> {
  return new Promise((resolve) => {
    const finish = (): void => {
      clearTimeout(timer);
      forget();
      resolve();
    };
    const timer = setTimeout(finish, waitMs);
    const forget = board.onChange(finish);
  });
}
