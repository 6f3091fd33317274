import { Inject, Module, type DynamicModule, type OnModuleInit } from '@nestjs/common';
import { Audit } from '#platform/audit/audit.js';
import { serveAudit } from '#platform/audit/audit-grpc.js';
import { BooksController } from '#platform/audit/books.controller.js';
import type { ProcessConfig } from '#platform/config/process-config.js';
import { ContextDatabases, requireDatabases } from '#platform/contexts/context-databases.js';
import { GrpcServer } from '#platform/grpc/grpc-server.js';
import { BranchesController } from '#platform/participant/branches.controller.js';
import { Participant } from '#platform/participant/participant.js';
import type { ServiceDefinition } from '#platform/process/run-process.js';
import { AccountsController } from './api/accounts.controller.js';
import { accountPaths } from './api/openapi.js';
import { PostgresAccounts } from './storage/accounts.js';
import { AccountAudit } from './storage/audit.js';
import { debitAccount } from './storage/debit-account.js';

/** Accounts, their money and their owners' tokens. */
@Module({})
export class AccountModule implements OnModuleInit {
  static readonly openApi = accountPaths;

  constructor(
    @Inject(ContextDatabases) private readonly databases: ContextDatabases | undefined,
    @Inject(Participant) private readonly participant: Participant,
    @Inject(Audit) private readonly audit: Audit,
    @Inject(GrpcServer) private readonly grpcServer: GrpcServer | undefined,
  ) {}

  static register({ transport }: Pick<ProcessConfig, 'transport'>): DynamicModule {
    return {
      module: AccountModule,
      controllers: [
        AccountsController,
        ...(transport === 'rest' ? [BranchesController, BooksController] : []),
      ],
      providers: [
        {
          provide: PostgresAccounts,
          inject: [ContextDatabases],
          useFactory: (databases: ContextDatabases | undefined) => {
            const { database, reads } = requireDatabases(databases).account;
            return new PostgresAccounts(database, reads.own);
          },
        },
      ],
    };
  }

  onModuleInit(): void {
    this.participant.register('debitAccount', debitAccount);
    const books = new AccountAudit(requireDatabases(this.databases).account.database);
    this.audit.register('account', books);
    if (this.grpcServer !== undefined) serveAudit(this.grpcServer, books);
  }
}

export const accountService: ServiceDefinition = {
  name: 'account',
  migrations: [{ schema: 'account', directory: 'services/account/storage/migrations' }],
  participates: true,
  modules: (config) => [AccountModule.register(config)],
};
