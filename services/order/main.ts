import { runProcess } from '#platform/process/run-process.js';
import { RegistryModule } from '#services/registry/registry.module.js';
import { orderService } from './order.module.js';

await runProcess({
  ...orderService,
  // Where there is no registry yet, the control plane is here.
  modules: (config) => [
    ...orderService.modules(config),
    ...(config.transport === 'rest' ? [RegistryModule.register(config)] : []),
  ],
});
