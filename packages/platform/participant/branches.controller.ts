import { Body, Controller, Inject, Param, Put, UseGuards } from '@nestjs/common';
import { Problem } from '../errors/problem.js';
import { ServiceGuard } from '../http/service-guard.js';
import { Database } from '../postgres/database.js';
import { requireDatabase } from '../process/platform.js';
import {
  branchChangeSchema,
  branchIndexSchema,
  branchPrefix,
  gidSchema,
  type BranchAnswer,
  type BranchChange,
} from './branch-resource.js';
import { applyBranch, cancelBranch } from './local-branch.js';
import { Participant } from './participant.js';

/** This service's branches of other services' orders, where the services speak REST. */
@Controller(branchPrefix)
@UseGuards(ServiceGuard)
export class BranchesController {
  constructor(
    @Inject(Database) private readonly database: Database | undefined,
    @Inject(Participant) private readonly participant: Participant,
  ) {}

  @Put(':gid/:branch')
  change(
    @Param('gid', { schema: gidSchema }) gid: string,
    @Param('branch', { schema: branchIndexSchema }) branch: number,
    @Body({ schema: branchChangeSchema }) change: BranchChange,
  ): Promise<BranchAnswer> {
    const { action } = change;
    if (!this.participant.has(action)) throw new Problem('bad-request', `${action.$case} is not done here`);
    const handler = this.participant.handler(action);
    const local = { sql: requireDatabase(this.database), handler, key: { gid, branch }, action };
    return change.state === 'applied' ? applyBranch(local) : cancelBranch(local, change.code);
  }
}
