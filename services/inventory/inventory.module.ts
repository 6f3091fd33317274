import { Inject, Module, type DynamicModule, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { Audit } from '#platform/audit/audit.js';
import { serveAudit } from '#platform/audit/audit-grpc.js';
import { BooksController } from '#platform/audit/books.controller.js';
import { Cache } from '#platform/cache/cache.js';
import { CacheStore } from '#platform/cache/cache-store.js';
import { LocalPrices } from '#platform/catalogue/price-source.js';
import { Reads } from '#platform/consistency/reads.js';
import type { ProcessConfig } from '#platform/config/process-config.js';
import { GrpcServer } from '#platform/grpc/grpc-server.js';
import type { Logger } from '#platform/logging/logger.js';
import { Metrics } from '#platform/metrics/metrics.js';
import { BranchesController } from '#platform/participant/branches.controller.js';
import { Participant } from '#platform/participant/participant.js';
import { Database } from '#platform/postgres/database.js';
import { requireDatabase } from '#platform/process/platform.js';
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
    @Inject(Database) private readonly database: Database | undefined,
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
          inject: [Database, Reads],
          useFactory: (database: Database | undefined, reads: Reads | undefined) =>
            new PostgresProducts(reads ?? requireDatabase(database), requireDatabase(database)),
        },
        {
          provide: Cache,
          inject: [Reads, Database, CacheStore, Metrics, Settings, LOGGER, PROCESS_CONFIG],
          useFactory: (
            reads: Reads | undefined,
            database: Database | undefined,
            store: CacheStore | undefined,
            metrics: Metrics,
            settings: Settings,
            logger: Logger,
            config: ProcessConfig,
          ) =>
            store === undefined || reads === undefined
              ? undefined
              : newProductCache(
                  { store, metrics, logger, protections: () => settings.cache },
                  new ProductSource(reads, requireDatabase(database)),
                  config.database?.maxReplicaLagMs ?? 0,
                ),
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
    const books = new InventoryAudit(requireDatabase(this.database));
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
