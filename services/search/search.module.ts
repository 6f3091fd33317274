import { Inject, Module, type DynamicModule, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { Reads } from '#platform/consistency/reads.js';
import type { Logger } from '#platform/logging/logger.js';
import { Metrics } from '#platform/metrics/metrics.js';
import { Database } from '#platform/postgres/database.js';
import { requireDatabase } from '#platform/process/platform.js';
import type { ServiceDefinition } from '#platform/process/run-process.js';
import { LOGGER } from '#platform/process/tokens.js';
import { SearchController } from './api/search.controller.js';
import { IndexFollower } from './storage/index-follower.js';
import { PostgresProducts } from './storage/stored-products.js';

/** The search for products, in an index of its own in memory. */
@Module({})
export class SearchModule implements OnModuleInit, OnModuleDestroy {
  constructor(@Inject(IndexFollower) private readonly index: IndexFollower) {}

  static register(): DynamicModule {
    return {
      module: SearchModule,
      controllers: [SearchController],
      providers: [
        {
          provide: PostgresProducts,
          inject: [Reads],
          useFactory: (reads: Reads | undefined) => new PostgresProducts(requireReads(reads)),
        },
        {
          provide: IndexFollower,
          inject: [Reads, Database, Metrics, LOGGER],
          useFactory: (
            reads: Reads | undefined,
            database: Database | undefined,
            metrics: Metrics,
            logger: Logger,
          ) =>
            new IndexFollower({
              reads: requireReads(reads),
              members: requireDatabase(database).members,
              metrics,
              logger,
            }),
        },
      ],
    };
  }

  /** Nobody is answered before there is something to find. */
  onModuleInit(): Promise<void> {
    return this.index.start();
  }

  onModuleDestroy(): void {
    this.index.close();
  }
}

function requireReads(reads: Reads | undefined): Reads {
  if (reads === undefined) throw new Error('TRISTATE_DATABASE_URL is missing: the search follows a database');
  return reads;
}

export const searchService: ServiceDefinition = {
  name: 'search',
  migrations: [],
  participates: false,
  modules: () => [SearchModule.register()],
};
