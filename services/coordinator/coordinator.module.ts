import {
  Inject,
  Module,
  type BeforeApplicationShutdown,
  type DynamicModule,
  type OnModuleInit,
} from '@nestjs/common';
import type { ExecuteReply, ExecuteRequest } from '#generated/tristate/coordinator/v1/coordinator.js';
import type { ProcessConfig } from '#platform/config/process-config.js';
import type { Failpoints } from '#platform/faults/failpoints.js';
import { GrpcClients } from '#platform/grpc/grpc-client.js';
import { GrpcServer } from '#platform/grpc/grpc-server.js';
import type { StreamEndpoint } from '#platform/grpc/stream-endpoint.js';
import type { Logger } from '#platform/logging/logger.js';
import { Metrics } from '#platform/metrics/metrics.js';
import { ParticipantChannels } from '#platform/participant/participant-channels.js';
import { firstTermOf } from '#platform/participant/terms.js';
import { Database } from '#platform/postgres/database.js';
import { requireDatabase } from '#platform/process/platform.js';
import type { ServiceDefinition } from '#platform/process/run-process.js';
import { FAILPOINTS, LOGGER, PROCESS_CONFIG } from '#platform/process/tokens.js';
import { TransactionRuntime } from '#platform/runtime/transaction-runtime.js';
import { Trace } from '#platform/trace/trace.js';
import { serveCoordinator } from './api/coordinator.grpc.js';
import { ActiveCoordinator, type Term } from './domain/active-coordinator.js';
import { InDoubt } from './domain/in-doubt.js';
import { Repairs } from './domain/repair.js';
import { Leadership } from './storage/leadership.js';
import { GroupCommitLog, readLogOnDisk } from './storage/transaction-log.js';

const participants = ['inventory', 'account', 'order'] as const;

/** The coordinator of distributed transactions: active or standby, with a log, a runtime and streams for each term. */
@Module({})
export class CoordinatorModule implements OnModuleInit, BeforeApplicationShutdown {
  private readonly database: Database;
  private readonly coordinator: ActiveCoordinator;
  private readonly leadership: Leadership;
  private streams: StreamEndpoint<ExecuteRequest, ExecuteReply> | undefined;

  constructor(
    @Inject(Database) database: Database | undefined,
    @Inject(PROCESS_CONFIG) private readonly config: ProcessConfig,
    @Inject(GrpcClients) private readonly clients: GrpcClients,
    @Inject(Metrics) private readonly metrics: Metrics,
    @Inject(FAILPOINTS) private readonly failpoints: Failpoints,
    @Inject(Trace) private readonly trace: Trace,
    @Inject(LOGGER) private readonly logger: Logger,
    @Inject(GrpcServer) private readonly grpcServer: GrpcServer | undefined,
  ) {
    this.database = requireDatabase(database);
    const door = { resume: () => this.streams?.resume(), suspend: () => this.streams?.suspend() };
    this.coordinator = new ActiveCoordinator((term) => this.openTerm(term), door, logger);
    this.leadership = new Leadership({
      sql: this.database,
      processName: config.name,
      firstTerm: () => firstTermOf(this.database.members.epoch),
      office: this.coordinator,
      failpoints,
      metrics,
      logger,
    });
    this.database.members.onEpoch(() => this.leadership.beginAgain('the database is in a new epoch'));
  }

  static register(): DynamicModule {
    return { module: CoordinatorModule };
  }

  async onModuleInit(): Promise<void> {
    if (this.grpcServer === undefined)
      throw new Error('TRISTATE_GRPC_ADDRESS is missing: the coordinator is called over gRPC');
    this.streams = serveCoordinator({
      server: this.grpcServer,
      coordinator: this.coordinator,
      epoch: () => this.database.members.epoch,
      retire: () => void this.retire(),
      readLog: (gid) => readLogOnDisk(this.database, gid),
      failpoints: this.failpoints,
      trace: this.trace,
      logger: this.logger,
    });
    await this.leadership.start();
  }

  beforeApplicationShutdown(): Promise<void> {
    return this.retire();
  }

  private async retire(): Promise<void> {
    try {
      await this.leadership.stop();
    } catch (error) {
      this.logger.warn({ err: error }, 'the term could not be given up; its lease will run out');
    }
  }

  private openTerm(term: number): Term {
    const { clients, metrics, failpoints, trace, logger } = this;
    const { epoch } = this.database.members;
    const log = new GroupCommitLog({
      sql: this.database,
      term,
      isOver: () => this.database.members.epoch !== epoch,
      fenced: () => this.leadership.depose(term, 'the log belongs to a later term'),
      metrics,
      logger,
    });
    const channels: ParticipantChannels = new ParticipantChannels({
      clients,
      services: participants,
      term,
      inbox: {
        receive: (gid, answer) => {
          if (runtime.isOpen(gid)) runtime.receive(gid, answer);
          else if (answer.type === 'done' && answer.phase === 'cancel')
            repairs.receive(gid, answer.branch, 'cancel', 'done');
        },
        redone: (gid, branch, result) => repairs.receive(gid, branch, 'redo', result),
        correlationOf: (gid) => runtime.correlationOf(gid),
        turnedAway: (_, code) => {
          if (code === 'old-term') this.leadership.depose(term, 'a participant knows a later term');
        },
        inDoubt: (inquiry) => void inDoubt.answer(inquiry),
        decidedAlone: (inquiry, outcome) => void inDoubt.decidedAlone(inquiry, outcome),
      },
      failpoints,
      trace,
      metrics,
      logger,
    });
    const { maxUnderWay: mostOpen } = this.config.order;
    const runtime: TransactionRuntime = new TransactionRuntime({
      log,
      sender: channels,
      failpoints,
      trace,
      metrics,
      logger,
      mostOpen,
    });
    const isOpen = (gid: string): boolean => runtime.isOpen(gid);
    const inDoubt: InDoubt = new InDoubt({ log, isOpen, trace, metrics, logger });
    const repairs: Repairs = new Repairs({ log, sender: channels, isOpen, trace, logger });
    return { number: term, log, runtime, inDoubt, repairs, channels };
  }
}

export const coordinatorService: ServiceDefinition = {
  name: 'coordinator',
  migrations: [{ schema: 'coordinator', directory: 'services/coordinator/storage/migrations' }],
  participates: false,
  modules: () => [CoordinatorModule.register()],
};
