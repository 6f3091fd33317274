import {
  Inject,
  Module,
  type BeforeApplicationShutdown,
  type DynamicModule,
  type OnModuleInit,
} from '@nestjs/common';
import type { ProcessConfig } from '#platform/config/process-config.js';
import { GrpcClients } from '#platform/grpc/grpc-client.js';
import { GrpcServer } from '#platform/grpc/grpc-server.js';
import type { Logger } from '#platform/logging/logger.js';
import { Metrics } from '#platform/metrics/metrics.js';
import { ParticipantChannels } from '#platform/participant/participant-channels.js';
import { Database } from '#platform/postgres/database.js';
import { requireDatabase } from '#platform/process/platform.js';
import type { ServiceDefinition } from '#platform/process/run-process.js';
import { LOGGER, PROCESS_CONFIG } from '#platform/process/tokens.js';
import { TransactionRuntime } from '#platform/runtime/transaction-runtime.js';
import { serveCoordinator } from './api/coordinator.grpc.js';
import { GroupCommitLog } from './storage/transaction-log.js';

const participants = ['inventory', 'account', 'order'] as const;

/** The coordinator of distributed transactions: log, runtime, and the streams to the participants. */
@Module({})
export class CoordinatorModule implements OnModuleInit, BeforeApplicationShutdown {
  private readonly log: GroupCommitLog;
  private readonly runtime: TransactionRuntime;
  private readonly channels: ParticipantChannels;

  constructor(
    @Inject(Database) database: Database | undefined,
    @Inject(PROCESS_CONFIG) config: ProcessConfig,
    @Inject(GrpcClients) clients: GrpcClients,
    @Inject(Metrics) metrics: Metrics,
    @Inject(LOGGER) private readonly logger: Logger,
    @Inject(GrpcServer) private readonly grpcServer: GrpcServer | undefined,
  ) {
    const addresses = new Map(participants.map((service) => [service, config.peers.get(service) ?? []]));
    this.log = new GroupCommitLog(requireDatabase(database), metrics, logger);
    this.channels = new ParticipantChannels(
      clients,
      addresses,
      (gid, answer) => this.runtime.receive(gid, answer),
      logger,
    );
    this.runtime = new TransactionRuntime(this.log, this.channels, metrics, logger);
  }

  static register(): DynamicModule {
    return { module: CoordinatorModule };
  }

  /** Takes up what was open, before the first new transaction is let in. */
  async onModuleInit(): Promise<void> {
    const open = await this.log.readOpen();
    for (const { transaction, records } of open) this.runtime.recover(transaction, records);
    if (open.length > 0) this.logger.info({ transactions: open.length }, 'recovered open transactions');
    if (this.grpcServer === undefined)
      throw new Error('TRISTATE_GRPC_ADDRESS is missing: the coordinator is called over gRPC');
    serveCoordinator(this.grpcServer, this.runtime, this.log, this.logger);
  }

  beforeApplicationShutdown(): void {
    this.runtime.close();
    this.channels.close();
  }
}

export const coordinatorService: ServiceDefinition = {
  name: 'coordinator',
  migrations: [{ schema: 'coordinator', directory: 'services/coordinator/storage/migrations' }],
  participates: false,
  modules: () => [CoordinatorModule.register()],
};
