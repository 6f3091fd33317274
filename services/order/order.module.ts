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
import { LocalPrices } from '#platform/catalogue/price-source.js';
import type { ProcessConfig } from '#platform/config/process-config.js';
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
import { CoordinatorChannels } from '#platform/runtime/coordinator-channels.js';
import { Trace } from '#platform/trace/trace.js';
import { orderPaths } from './api/openapi.js';
import { OrdersController } from './api/orders.controller.js';
import type { OrderExecution } from './domain/order-execution.js';
import { PlaceOrder } from './domain/place-order.js';
import { PriceList } from './domain/price-list.js';
import { ResumeOrders } from './domain/resume-orders.js';
import { OrderAudit } from './storage/audit.js';
import { confirmOrder } from './storage/confirm-order.js';
import { CoordinatedExecution } from './storage/coordinated-execution.js';
import { GrpcPrices } from './storage/grpc-prices.js';
import { LocalExecution } from './storage/local-execution.js';
import { PostgresOrders } from './storage/orders.js';

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
    const apart = config.grpc !== undefined;
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
            apart
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
          inject: [Database, Participant, CoordinatorChannels],
          useFactory: (
            database: Database,
            participant: Participant,
            coordinator: CoordinatorChannels | undefined,
          ): OrderExecution =>
            coordinator === undefined
              ? new LocalExecution(database, participant)
              : new CoordinatedExecution(database, coordinator),
        },
        {
          provide: PriceList,
          inject: [LocalPrices, GrpcClients],
          useFactory: (local: LocalPrices, clients: GrpcClients) =>
            new PriceList(
              apart
                ? new GrpcPrices(clients)
                : { quote: (skus, deadlineAtMs) => local.get().quote(skus, deadlineAtMs) },
            ),
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

export const orderService: ServiceDefinition = {
  name: 'order',
  migrations: [{ schema: 'orders', directory: 'services/order/storage/migrations' }],
  participates: true,
  modules: (config) => [OrderModule.register(config)],
};
