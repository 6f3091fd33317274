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
import { ContextDatabases, requireDatabases } from '#platform/contexts/context-databases.js';
import { GrpcClients } from '#platform/grpc/grpc-client.js';
import { GrpcServer } from '#platform/grpc/grpc-server.js';
import { DocsModule } from '#platform/http/docs.module.js';
import type { Logger } from '#platform/logging/logger.js';
import { Metrics } from '#platform/metrics/metrics.js';
import { Participant } from '#platform/participant/participant.js';
import type { Database } from '#platform/postgres/database.js';
import type { ServiceDefinition } from '#platform/process/run-process.js';
import { LOGGER } from '#platform/process/tokens.js';
import { CoordinatorChannels } from '#platform/runtime/coordinator-channels.js';
import { Trace } from '#platform/trace/trace.js';
import { orderPaths } from './api/openapi.js';
import { ORDERS, OrdersController } from './api/orders.controller.js';
import { BestEffortExecution } from './domain/best-effort-execution.js';
import type { OrderExecution } from './domain/order-execution.js';
import type { Orders } from './domain/orders.js';
import { PlaceOrder } from './domain/place-order.js';
import { PriceList } from './domain/price-list.js';
import { ResumeOrders } from './domain/resume-orders.js';
import { OrderAudit } from './storage/audit.js';
import { confirmOrder } from './storage/confirm-order.js';
import { CoordinatedExecution } from './storage/coordinated-execution.js';
import { GrpcPrices } from './storage/grpc-prices.js';
import { LocalBranchCalls } from './storage/local-branch-calls.js';
import { LocalExecution } from './storage/local-execution.js';
import { openOrders } from './storage/sharded-orders.js';

const ORDER_EXECUTION = Symbol('ORDER_EXECUTION');

/** Orders. Where the other services are, in this process or elsewhere, is decided here and nowhere else. */
@Module({})
export class OrderModule implements OnModuleInit, OnApplicationBootstrap, BeforeApplicationShutdown {
  static readonly openApi = orderPaths;

  constructor(
    @Inject(ContextDatabases) private readonly databases: ContextDatabases | undefined,
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
          provide: ORDERS,
          inject: [ContextDatabases],
          useFactory: (databases: ContextDatabases | undefined) =>
            openOrders(requireDatabases(databases).orders),
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
          inject: [ContextDatabases, ORDERS, Participant, CoordinatorChannels, LOGGER],
          useFactory: (
            databases: ContextDatabases,
            orders: Orders,
            participant: Participant,
            coordinator: CoordinatorChannels | undefined,
            logger: Logger,
          ) => newExecution(config, { databases, orders, participant, coordinator, logger }),
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
          inject: [ORDERS, PriceList, ORDER_EXECUTION],
          useFactory: (orders: Orders, prices: PriceList, execution: OrderExecution) =>
            new PlaceOrder(orders, prices, execution),
        },
        {
          provide: ResumeOrders,
          inject: [ORDERS, PriceList, ORDER_EXECUTION, LOGGER],
          useFactory: (orders: Orders, prices: PriceList, execution: OrderExecution, logger: Logger) =>
            new ResumeOrders(orders, prices, execution, logger),
        },
      ],
    };
  }

  onModuleInit(): void {
    this.participant.register('confirmOrder', confirmOrder);
    const books = new OrderAudit(...requireDatabases(this.databases).orders.map(({ database }) => database));
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

interface ExecutionParts {
  readonly databases: ContextDatabases;
  readonly orders: Orders;
  readonly participant: Participant;
  readonly coordinator: CoordinatorChannels | undefined;
  readonly logger: Logger;
}

/** By the coordinator where there is one, else in one transaction of the one database, else in one after the other. */
function newExecution(
  { contexts }: ProcessConfig,
  { databases, orders, participant, coordinator, logger }: ExecutionParts,
): OrderExecution {
  if (coordinator !== undefined) return new CoordinatedExecution(onlyShard(databases), coordinator);
  if (contexts === undefined) return new LocalExecution(onlyShard(databases), participant);
  return new BestEffortExecution(orders, new LocalBranchCalls(databases, participant, logger), logger);
}

/** What a transaction of this process, or the coordinator's branch, needs: all orders in one database. */
function onlyShard({ orders: [shard, ...others] }: ContextDatabases): Database {
  if (shard !== undefined && others.length === 0) return shard.database;
  throw new Error(
    'TRISTATE_DATABASE_CONTEXTS has several databases of orders: a coordinator needs one, so set postgres.orderShards to 1',
  );
}

export const orderService: ServiceDefinition = {
  name: 'order',
  migrations: [{ schema: 'orders', directory: 'services/order/storage/migrations' }],
  participates: true,
  modules: (config) => [OrderModule.register(config)],
};
