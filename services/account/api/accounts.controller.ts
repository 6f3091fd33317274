import { Body, Controller, Get, HttpCode, Inject, Param, Post, Res, UseGuards } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import type { z } from 'zod';
import { Tokens, type Principal } from '#platform/auth/tokens.js';
import { Problem } from '#platform/errors/problem.js';
import { CurrentUser } from '#platform/http/principal.js';
import { UserGuard } from '#platform/http/user-guard.js';
import { logIn } from '../domain/log-in.js';
import { openAccount } from '../domain/open-account.js';
import { PostgresAccounts } from '../storage/accounts.js';
import { accountIdSchema, credentialsSchema, newAccountSchema, type accountSchema } from './schemas.js';

type AccountView = z.infer<typeof accountSchema>;

@Controller('api')
export class AccountsController {
  constructor(
    @Inject(PostgresAccounts) private readonly accounts: PostgresAccounts,
    @Inject(Tokens) private readonly tokens: Tokens,
  ) {}

  @Post('accounts')
  async open(
    @Body({ schema: newAccountSchema }) body: z.infer<typeof newAccountSchema>,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<AccountView> {
    const opened = await openAccount(this.accounts, body);
    if (opened.result === 'owner-taken')
      throw new Problem('owner-taken', `There is an account of ${body.owner}`);
    void reply.header('Location', `/api/accounts/${opened.account.id}`);
    return opened.account;
  }

  @Post('tokens')
  @HttpCode(201)
  async logIn(
    @Body({ schema: credentialsSchema }) body: z.infer<typeof credentialsSchema>,
  ): Promise<{ token: string }> {
    const principal = await logIn(this.accounts, body);
    if (principal === 'wrong-credentials') throw new Problem('wrong-credentials');
    return { token: this.tokens.issue(principal) };
  }

  @Get('accounts/:id')
  @UseGuards(UserGuard)
  async show(
    @Param('id', { schema: accountIdSchema }) id: string,
    @CurrentUser() user: Principal,
  ): Promise<AccountView> {
    const account = await this.accounts.byId(id);
    if (account === undefined) throw new Problem('unknown-account');
    if (account.id !== user.accountId) throw new Problem('forbidden', 'This is another user’s account');
    return { id: account.id, owner: account.owner, balanceMinor: account.balanceMinor };
  }
}
