import { Inject, Module, type DynamicModule, type OnModuleInit } from '@nestjs/common';
import { Audit } from '#platform/audit/audit.js';
import { serveAudit } from '#platform/audit/audit-grpc.js';
import { Cache, CacheStore } from '#platform/cache/cache.js';
import { LocalPrices } from '#platform/catalogue/price-source.js';
import { GrpcServer } from '#platform/grpc/grpc-server.js';
import { Metrics } from '#platform/metrics/metrics.js';
import { Participant } from '#platform/participant/participant.js';
import { Database } from '#platform/postgres/database.js';
import { requireDatabase } from '#platform/process/platform.js';
import type { ServiceDefinition } from '#platform/process/run-process.js';
import { serveInventory } from './api/inventory.grpc.js';
import { inventoryPaths } from './api/openapi.js';
import { ProductsController } from './api/products.controller.js';
import { productSchema } from './api/schemas.js';
import type { Product } from './domain/products.js';
import { InventoryAudit } from './storage/audit.js';
import { PostgresProducts } from './storage/products.js';
import { reserveStock } from './storage/reserve-stock.js';

/** A product's stock changes with every order, and each change drops it from the cache; this is the upper bound. */
const productTtlMs = 10_000;
const absentTtlMs = 1_000;

/** Products, their prices and their stock. */
@Module({})
export class InventoryModule implements OnModuleInit {
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

  static register(): DynamicModule {
    return {
      module: InventoryModule,
      controllers: [ProductsController],
      providers: [
        {
          provide: PostgresProducts,
          inject: [Database],
          useFactory: (database: Database | undefined) => new PostgresProducts(requireDatabase(database)),
        },
        {
          provide: Cache,
          inject: [CacheStore, Metrics],
          useFactory: (store: CacheStore | undefined, metrics: Metrics) =>
            store === undefined
              ? undefined
              : new Cache(store, metrics, {
                  name: 'product',
                  schema: productSchema,
                  ttlMs: productTtlMs,
                  absentTtlMs,
                }),
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
}

export const inventoryService: ServiceDefinition = {
  name: 'inventory',
  migrations: [{ schema: 'inventory', directory: 'services/inventory/storage/migrations' }],
  participates: true,
  modules: () => [InventoryModule.register()],
};
