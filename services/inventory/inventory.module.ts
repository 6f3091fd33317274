import { Inject, Module, type DynamicModule, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { Audit } from '#platform/audit/audit.js';
import { serveAudit } from '#platform/audit/audit-grpc.js';
import { BooksController } from '#platform/audit/books.controller.js';
import { Cache } from '#platform/cache/cache.js';
import { CacheStore } from '#platform/cache/cache-store.js';
import { LocalPrices } from '#platform/catalogue/price-source.js';
import type { ProcessConfig } from '#platform/config/process-config.js';
import { ContextDatabases, requireDatabases } from '#platform/contexts/context-databases.js';
import { GrpcServer } from '#platform/grpc/grpc-server.js';
import type { Logger } from '#platform/logging/logger.js';
import { Metrics } from '#platform/metrics/metrics.js';
import { BranchesController } from '#platform/participant/branches.controller.js';
import { Participant } from '#platform/participant/participant.js';
import type { ServiceDefinition } from '#platform/process/run-process.js';
import { LOGGER, PROCESS_CONFIG } from '#platform/process/tokens.js';
import { Settings } from '#platform/settings/settings.js';
import { serveInventory } from './api/inventory.grpc.js';
import { AssortmentController } from './api/assortment.controller.js';
import { inventoryPaths } from './api/openapi.js';
import { PricesController } from './api/prices.controller.js';
import { ProductsController } from './api/products.controller.js';
import type { Product } from './domain/products.js';
import { InventoryAudit } from './storage/audit.js';
import { newProductCache } from './storage/product-cache.js';
import { ProductSource } from './storage/product-source.js';
import { PostgresProducts } from './storage/products.js';
import { reserveStock } from './storage/reserve-stock.js';

/** Products, their prices and their stock. */
@Module({})
export class InventoryModule implements OnModuleInit, OnModuleDestroy {
  static readonly openApi = inventoryPaths;

  constructor(
    @Inject(ContextDatabases) private readonly databases: ContextDatabases | undefined,
    @Inject(PostgresProducts) private readonly products: PostgresProducts,
    @Inject(Cache) private readonly cache: Cache<Product> | undefined,
    @Inject(Participant) private readonly participant: Participant,
    @Inject(Audit) private readonly audit: Audit,
    @Inject(LocalPrices) private readonly localPrices: LocalPrices,
    @Inject(GrpcServer) private readonly grpcServer: GrpcServer | undefined,
  ) {}

  static register({ transport }: Pick<ProcessConfig, 'transport'>): DynamicModule {
    return {
      module: InventoryModule,
      controllers: [
        ProductsController,
        AssortmentController,
        ...(transport === 'rest' ? [PricesController, BranchesController, BooksController] : []),
      ],
      providers: [
        {
          provide: PostgresProducts,
          inject: [ContextDatabases],
          useFactory: (databases: ContextDatabases | undefined) => {
            const { database, reads } = requireDatabases(databases).inventory;
            return new PostgresProducts(reads, database);
          },
        },
        {
          provide: Cache,
          inject: [ContextDatabases, CacheStore, Metrics, Settings, LOGGER, PROCESS_CONFIG],
          useFactory: (
            databases: ContextDatabases | undefined,
            store: CacheStore | undefined,
            metrics: Metrics,
            settings: Settings,
            logger: Logger,
            config: ProcessConfig,
          ) => {
            if (store === undefined) return undefined;
            const { database, reads } = requireDatabases(databases).inventory;
            return newProductCache(
              { store, metrics, logger, protections: () => settings.cache },
              new ProductSource(reads, database),
              config.database?.maxReplicaLagMs ?? 0,
            );
          },
        },
      ],
    };
  }

  onModuleInit(): void {
    this.participant.register(
      'reserveStock',
      reserveStock((skus) => void this.cache?.invalidate(skus)),
    );
    this.localPrices.offer(this.products);
    const books = new InventoryAudit(requireDatabases(this.databases).inventory.database);
    this.audit.register('inventory', books);
    if (this.grpcServer !== undefined) {
      serveAudit(this.grpcServer, books);
      serveInventory(this.grpcServer, this.products);
    }
  }

  onModuleDestroy(): void {
    this.cache?.close();
  }
}

export const inventoryService: ServiceDefinition = {
  name: 'inventory',
  migrations: [{ schema: 'inventory', directory: 'services/inventory/storage/migrations' }],
  participates: true,
  modules: (config) => [InventoryModule.register(config)],
};
