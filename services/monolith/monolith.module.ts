import { withConsistency } from '#platform/consistency/openapi.js';
import type { PathItems } from '#platform/http/openapi.js';
import type { ServiceDefinition } from '#platform/process/run-process.js';
import { AccountModule, accountService } from '#services/account/account.module.js';
import { InventoryModule, inventoryService } from '#services/inventory/inventory.module.js';
import { OrderModule, orderService } from '#services/order/order.module.js';
import { RegistryModule } from '#services/registry/registry.module.js';
import { SupervisorModule } from '#services/supervisor/supervisor.module.js';

/** The whole shop in one process and one database: the same modules, without the network between them. */
export const monolithService: ServiceDefinition = {
  name: 'monolith',
  migrations: [accountService, inventoryService, orderService].flatMap(({ migrations }) => migrations),
  participates: false,
  modules: (config) => [
    AccountModule.register(config),
    InventoryModule.register(config),
    OrderModule.register(config),
    RegistryModule.register(config),
  ],
};

/** The public API, which is the same at every stage. */
export const publicPaths: PathItems = withConsistency({
  ...AccountModule.openApi,
  ...InventoryModule.openApi,
  ...OrderModule.openApi,
  ...RegistryModule.openApi,
  ...SupervisorModule.openApi,
});
