import {
  Inject,
  Module,
  type BeforeApplicationShutdown,
  type DynamicModule,
  type OnApplicationBootstrap,
  type OnModuleInit,
} from '@nestjs/common';
import { Audit } from '#platform/audit/audit.js';
import { serveAudit } from '#platform/audit/audit-grpc.js';
import { LocalPrices, type PriceSource } from '#platform/catalogue/price-source.js';
import type { ProcessConfig, Transport } from '#platform/config/process-config.js';
import { Reads } from '#platform/consistency/reads.js';
import { GrpcClients } from '#platform/grpc/grpc-client.js';
import { GrpcServer } from '#platform/grpc/grpc-server.js';
import { DocsModule } from '#platform/http/docs.module.js';
import type { Logger } from '#platform/logging/logger.js';
import { Metrics } from '#platform/metrics/metrics.js';
import { Participant } from '#platform/participant/participant.js';
import { Database } from '#platform/postgres/database.js';
import { requireDatabase } from '#platform/process/platform.js';
import type { ServiceDefinition } from '#platform/process/run-process.js';
import { LOGGER } from '#platform/process/tokens.js';
import { RestClients } from '#platform/rest/rest-client.js';
import { CoordinatorChannels } from '#platform/runtime/coordinator-channels.js';
import { Trace } from '#platform/trace/trace.js';
import { orderPaths } from './api/openapi.js';
import { OrdersController } from './api/orders.controller.js';
import { BestEffortExecution } from './domain/best-effort-execution.js';
import type { OrderExecution } from './domain/order-execution.js';
import { PlaceOrder } from './domain/place-order.js';
import { PriceList } from './domain/price-list.js';
import { ResumeOrders } from './domain/resume-orders.js';
import { OrderAudit } from './storage/audit.js';
import { confirmOrder } from './storage/confirm-order.js';
import { CoordinatedExecution } from './storage/coordinated-execution.js';
import { GrpcPrices } from './storage/grpc-prices.js';
import { LocalBranchCalls } from './storage/local-branch-calls.js';
import { LocalExecution } from './storage/local-execution.js';
import { PostgresOrders } from './storage/orders.js';
import { RestBranchCalls } from './storage/rest-branch-calls.js';
import { RestPrices } from './storage/rest-prices.js';

const ORDER_EXECUTION = Symbol('ORDER_EXECUTION');

/** Orders. Where the other services are, in this process or elsewhere, is decided here and nowhere else. */
@Module({})
export class OrderModule implements OnModuleInit, OnApplicationBootstrap, BeforeApplicationShutdown {
  static readonly openApi = orderPaths;

  constructor(
    @Inject(Database) private readonly database: Database | undefined,
    @Inject(Participant) private readonly participant: Participant,
    @Inject(Audit) private readonly audit: Audit,
    @Inject(GrpcServer) private readonly grpcServer: GrpcServer | undefined,
    @Inject(ResumeOrders) private readonly resumeOrders: ResumeOrders,
    @Inject(CoordinatorChannels) private readonly coordinator: CoordinatorChannels | undefined,
  ) {}

  static register(config: ProcessConfig): DynamicModule {
    const { transport } = config;
    return {
      module: OrderModule,
      imports: [DocsModule],
      controllers: [OrdersController],
      providers: [
        {
          provide: PostgresOrders,
          inject: [Database, Reads],
          useFactory: (database: Database | undefined, reads: Reads | undefined) =>
            new PostgresOrders(requireDatabase(database), reads?.own),
        },
        {
          provide: CoordinatorChannels,
          inject: [GrpcClients, Trace, Metrics, LOGGER],
          useFactory: (clients: GrpcClients, trace: Trace, metrics: Metrics, logger: Logger) =>
            transport === 'grpc'
              ? new CoordinatorChannels({
                  clients,
                  addresses: config.peers.get('coordinator') ?? [],
                  trace,
                  metrics,
                  logger,
                })
              : undefined,
        },
        {
          provide: ORDER_EXECUTION,
          inject: [Database, Participant, CoordinatorChannels, PostgresOrders, RestClients, LOGGER],
          useFactory: (
            database: Database,
            participant: Participant,
            coordinator: CoordinatorChannels | undefined,
            orders: PostgresOrders,
            clients: RestClients,
            logger: Logger,
          ): OrderExecution => {
            if (coordinator !== undefined) return new CoordinatedExecution(database, coordinator);
            if (transport === 'in-process') return new LocalExecution(database, participant);
            const own = new LocalBranchCalls(() => database, participant, logger);
            return new BestEffortExecution(orders, new RestBranchCalls(clients, own), logger);
          },
        },
        {
          provide: PriceList,
          inject: [LocalPrices, GrpcClients, RestClients],
          useFactory: (local: LocalPrices, grpc: GrpcClients, rest: RestClients) =>
            new PriceList(newPrices(transport, { local, grpc, rest })),
        },
        {
          provide: PlaceOrder,
          inject: [PostgresOrders, PriceList, ORDER_EXECUTION],
          useFactory: (orders: PostgresOrders, prices: PriceList, execution: OrderExecution) =>
            new PlaceOrder(orders, prices, execution),
        },
        {
          provide: ResumeOrders,
          inject: [PostgresOrders, PriceList, ORDER_EXECUTION, LOGGER],
          useFactory: (
            orders: PostgresOrders,
            prices: PriceList,
            execution: OrderExecution,
            logger: Logger,
          ) => new ResumeOrders(orders, prices, execution, logger),
        },
      ],
    };
  }

  onModuleInit(): void {
    this.participant.register('confirmOrder', confirmOrder);
    const books = new OrderAudit(requireDatabase(this.database));
    this.audit.register('order', books);
    if (this.grpcServer !== undefined) serveAudit(this.grpcServer, books);
  }

  onApplicationBootstrap(): void {
    this.resumeOrders.start();
  }

  beforeApplicationShutdown(): void {
    this.resumeOrders.stop();
    this.coordinator?.close();
  }
}

interface PriceSources {
  readonly local: LocalPrices;
  readonly grpc: GrpcClients;
  readonly rest: RestClients;
}

function newPrices(transport: Transport, { local, grpc, rest }: PriceSources): PriceSource {
  switch (transport) {
    case 'in-process':
      // It offers itself when its module has been made.
      return { quote: (skus, deadlineAtMs) => local.get().quote(skus, deadlineAtMs) };
    case 'rest':
      return new RestPrices(rest);
    case 'grpc':
      return new GrpcPrices(grpc);
  }
}

export const orderService: ServiceDefinition = {
  name: 'order',
  migrations: [{ schema: 'orders', directory: 'services/order/storage/migrations' }],
  participates: true,
  modules: (config) => [OrderModule.register(config)],
};
