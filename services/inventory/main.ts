import { runProcess } from '#platform/process/run-process.js';
import { inventoryService } from './inventory.module.js';

await runProcess(inventoryService);
