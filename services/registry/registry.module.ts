import { Module, type DynamicModule } from '@nestjs/common';
import { Audit, type AuditSource } from '#platform/audit/audit.js';
import { GrpcAuditSource } from '#platform/audit/audit-grpc.js';
import type { ProcessConfig } from '#platform/config/process-config.js';
import { GrpcClients } from '#platform/grpc/grpc-client.js';
import type { ServiceDefinition } from '#platform/process/run-process.js';
import { BOOKS, ControlController } from './api/control.controller.js';
import { controlPaths } from './api/openapi.js';
import type { Books } from './domain/check-invariants.js';

/** The control plane: what there is, and whether it is right. */
@Module({})
export class RegistryModule {
  static readonly openApi = controlPaths;

  static register(config: ProcessConfig): DynamicModule {
    return {
      module: RegistryModule,
      controllers: [ControlController],
      providers: [
        {
          provide: BOOKS,
          inject: [Audit, GrpcClients],
          useFactory: (audit: Audit, clients: GrpcClients) =>
            config.grpc === undefined ? () => localBooks(audit) : remoteBooks(config, clients),
        },
      ],
    };
  }
}

function localBooks(audit: Audit): Books {
  const book = (service: string): AuditSource => {
    const source = audit.sources().get(service);
    if (source === undefined) throw new Error(`The books of ${service} are not in this process`);
    return source;
  };
  return { account: book('account'), inventory: book('inventory'), order: book('order') };
}

function remoteBooks(config: ProcessConfig, clients: GrpcClients): () => Books {
  const book = (service: 'account' | 'inventory' | 'order'): AuditSource =>
    new GrpcAuditSource(service, clients, config.peers.get(service) ?? []);
  const books = { account: book('account'), inventory: book('inventory'), order: book('order') };
  return () => books;
}

export const registryService: ServiceDefinition = {
  name: 'registry',
  migrations: [],
  participates: false,
  modules: (config) => [RegistryModule.register(config)],
};
