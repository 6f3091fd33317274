import {
  Inject,
  Module,
  type BeforeApplicationShutdown,
  type DynamicModule,
  type OnModuleInit,
} from '@nestjs/common';
import type { ProcessConfig } from '#platform/config/process-config.js';
import type { Logger } from '#platform/logging/logger.js';
import { Metrics } from '#platform/metrics/metrics.js';
import type { ServiceDefinition } from '#platform/process/run-process.js';
import { LOGGER } from '#platform/process/tokens.js';
import { DatabaseController } from './api/database.controller.js';
import { databasePaths } from './api/openapi.js';
import { newSupervisor, type Supervisor } from './new-supervisor.js';
import { Operator } from './operator.js';
import { recoverRecord } from './storage/recovered-record.js';
import { Supervision } from './supervision.js';

/** Watches over the primary and its replicas, and promotes a replica when the primary is gone. */
@Module({})
export class SupervisorModule implements OnModuleInit, BeforeApplicationShutdown {
  static readonly openApi = databasePaths;

  constructor(@Inject(Supervision) private readonly supervision: Supervision) {}

  static register(config: ProcessConfig): DynamicModule {
    const parts = Symbol('parts');
    return {
      module: SupervisorModule,
      controllers: [DatabaseController],
      providers: [
        {
          provide: parts,
          inject: [Metrics, LOGGER],
          useFactory: async (metrics: Metrics, logger: Logger): Promise<Supervisor> => {
            await recoverRecord(config, logger);
            return newSupervisor(config, metrics, logger);
          },
        },
        {
          provide: Supervision,
          inject: [parts],
          useFactory: ({ supervision }: Supervisor) => supervision,
        },
        {
          provide: Operator,
          inject: [parts],
          useFactory: ({ operator }: Supervisor) => operator,
        },
      ],
    };
  }

  onModuleInit(): void {
    this.supervision.start();
  }

  beforeApplicationShutdown(): void {
    this.supervision.stop();
  }
}

export const supervisorService: ServiceDefinition = {
  name: 'supervisor',
  migrations: [],
  participates: false,
  modules: (config) => [SupervisorModule.register(config)],
};
