import { runProcess } from '#platform/process/run-process.js';
import { registryService } from './registry.module.js';

await runProcess(registryService);
