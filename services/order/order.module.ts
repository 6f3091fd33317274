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
import { RestClients } from '#platform/rest/rest-client.js';
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
import { RestBranchCalls } from './storage/rest-branch-calls.js';
import { RestPrices } from './storage/rest-prices.js';
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
    const { transport } = config;
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
          inject: [ContextDatabases, ORDERS, Participant, CoordinatorChannels, RestClients, LOGGER],
          useFactory: (
            databases: ContextDatabases,
            orders: Orders,
            participant: Participant,
            coordinator: CoordinatorChannels | undefined,
            clients: RestClients,
            logger: Logger,
          ) => newExecution(config, { databases, orders, participant, coordinator, clients, logger }),
        },
        {
          provide: PriceList,
          inject: [LocalPrices, GrpcClients, RestClients],
          useFactory: (local: LocalPrices, grpc: GrpcClients, rest: RestClients) =>
            new PriceList(newPrices(transport, { local, grpc, rest })),
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
  readonly clients: RestClients;
  readonly logger: Logger;
}

/** By the coordinator where there is one, else in one transaction of the one database, else in one after the other. */
function newExecution(
  { transport, contexts }: ProcessConfig,
  { databases, orders, participant, coordinator, clients, logger }: ExecutionParts,
): OrderExecution {
  if (coordinator !== undefined) return new CoordinatedExecution(onlyShard(databases), coordinator);
  if (transport === 'in-process' && contexts === undefined)
    return new LocalExecution(onlyShard(databases), participant);
  const local = new LocalBranchCalls(databases, participant, logger);
  const calls = transport === 'rest' ? new RestBranchCalls(clients, local) : local;
  return new BestEffortExecution(orders, calls, logger);
}

/** What a transaction of this process, or the coordinator's branch, needs: all orders in one database. */
function onlyShard({ orders: [shard, ...others] }: ContextDatabases): Database {
  if (shard !== undefined && others.length === 0) return shard.database;
  throw new Error(
    'TRISTATE_DATABASE_CONTEXTS has several databases of orders: a coordinator needs one, so set postgres.orderShards to 1',
  );
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
