import {
  Inject,
  Module,
  type BeforeApplicationShutdown,
  type DynamicModule,
  type OnModuleInit,
} from '@nestjs/common';
import { Audit, type AuditSource } from '#platform/audit/audit.js';
import { GrpcAuditSource } from '#platform/audit/audit-grpc.js';
import { RestAuditSource } from '#platform/audit/rest-audit-source.js';
import { Callers } from '#platform/auth/callers.js';
import type { ProcessConfig, Transport } from '#platform/config/process-config.js';
import { GrpcClients } from '#platform/grpc/grpc-client.js';
import { GrpcServer } from '#platform/grpc/grpc-server.js';
import type { Logger } from '#platform/logging/logger.js';
import { MembershipView } from '#platform/membership/members-view.js';
import type { ServiceDefinition } from '#platform/process/run-process.js';
import { LOGGER, PROCESS_CONFIG } from '#platform/process/tokens.js';
import { RestClients } from '#platform/rest/rest-client.js';
import { probeTimeoutMs } from '#protocols/failure-detector/defaults.js';
import { BalancingController } from './api/balancing.controller.js';
import { BOOKS, ControlController } from './api/control.controller.js';
import { FaultsController } from './api/faults.controller.js';
import { MembersController } from './api/members.controller.js';
import { MembershipEndpoint, serveMembership } from './api/membership.grpc.js';
import { controlPaths } from './api/openapi.js';
import { SettingsController } from './api/settings.controller.js';
import { TransactionsController } from './api/transactions.controller.js';
import { ControlPlane } from './control-plane.js';
import type { AuditLog } from './domain/audit-log.js';
import { BalancingBoard } from './domain/balancing-board.js';
import type { Books } from './domain/check-invariants.js';
import { MemberBoard } from './domain/member-board.js';
import { probe } from './storage/probe.js';

/** The control plane: what there is, whether it is right, and what is broken on purpose. */
@Module({})
export class RegistryModule implements OnModuleInit, BeforeApplicationShutdown {
  static readonly openApi = controlPaths;

  constructor(
    @Inject(ControlPlane) private readonly control: ControlPlane,
    @Inject(BalancingBoard) private readonly balancing: BalancingBoard | undefined,
    @Inject(PROCESS_CONFIG) private readonly config: ProcessConfig,
    @Inject(GrpcServer) private readonly grpcServer: GrpcServer | undefined,
    @Inject(MemberBoard) private readonly members: MemberBoard | undefined,
    @Inject(MembershipView) private readonly ownView: MembershipView,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  static register(config: ProcessConfig): DynamicModule {
    return {
      module: RegistryModule,
      controllers: [
        ControlController,
        BalancingController,
        FaultsController,
        MembersController,
        SettingsController,
        TransactionsController,
      ],
      providers: [
        {
          provide: ControlPlane,
          inject: [GrpcClients, LOGGER],
          useFactory: (clients: GrpcClients, logger: Logger) => new ControlPlane(config, clients, logger),
        },
        {
          provide: MemberBoard,
          inject: [ControlPlane, LOGGER],
          useFactory: (control: ControlPlane, logger: Logger) =>
            config.grpc === undefined ? undefined : newMemberBoard(config, control, logger),
        },
        {
          provide: BalancingBoard,
          inject: [ControlPlane, MemberBoard],
          useFactory: ({ audit }: ControlPlane, members: MemberBoard | undefined) =>
            members === undefined ? undefined : newBalancingBoard(config, members, audit),
        },
        {
          provide: BOOKS,
          inject: [Audit, GrpcClients, RestClients],
          useFactory: (audit: Audit, grpc: GrpcClients, rest: RestClients): (() => Books) =>
            newBooks(config.transport, { audit, grpc, rest }),
        },
      ],
    };
  }

  onModuleInit(): void {
    const { members, grpcServer, config, logger } = this;
    if (members === undefined || grpcServer === undefined) return;
    const callers = new Callers(config.secrets.callers);
    serveMembership(grpcServer, new MembershipEndpoint(members, callers, logger));
    // The registry calls others, too, and knows first whom it is no use to call.
    members.onChange(() => this.ownView.take(members.view()));
  }

  beforeApplicationShutdown(): void {
    this.members?.close();
    this.control.close();
    this.balancing?.close();
  }
}

function newMemberBoard(
  { heartbeat }: ProcessConfig,
  { audit, settings }: ControlPlane,
  logger: Logger,
): MemberBoard {
  const board = new MemberBoard({
    heartbeat,
    probe: (httpAddress) => probe(httpAddress, probeTimeoutMs),
    audit,
    logger,
    shedding: () => settings.shedding,
  });
  settings.onChange(() => board.publish());
  return board;
}

function newBalancingBoard(
  { balancing: configured }: ProcessConfig,
  members: MemberBoard,
  audit: AuditLog,
): BalancingBoard {
  const board = new BalancingBoard({
    configured,
    members: () => members.balanced(),
    audit,
    changed: () => members.publish(),
  });
  members.balanceBy(board);
  return board;
}

interface BookSources {
  readonly audit: Audit;
  readonly grpc: GrpcClients;
  readonly rest: RestClients;
}

/** Where the books are is known when all modules have told of theirs. */
function newBooks(transport: Transport, { audit, grpc, rest }: BookSources): () => Books {
  switch (transport) {
    case 'in-process':
      return () => ({
        account: localBook(audit, 'account'),
        inventory: localBook(audit, 'inventory'),
        order: localBook(audit, 'order'),
      });
    case 'rest': {
      const account = new RestAuditSource('account', rest);
      const inventory = new RestAuditSource('inventory', rest);
      return () => ({ account, inventory, order: localBook(audit, 'order') });
    }
    case 'grpc': {
      const account = new GrpcAuditSource('account', grpc);
      const inventory = new GrpcAuditSource('inventory', grpc);
      const order = new GrpcAuditSource('order', grpc);
      return () => ({ account, inventory, order });
    }
  }
}

function localBook(audit: Audit, service: string): AuditSource {
  const source = audit.sources().get(service);
  if (source === undefined) throw new Error(`The books of ${service} are not in this process`);
  return source;
}

export const registryService: ServiceDefinition = {
  name: 'registry',
  migrations: [],
  participates: false,
  modules: (config) => [RegistryModule.register(config)],
};
