import { runProcess } from '#platform/process/run-process.js';
import { monolithService } from './monolith.module.js';

await runProcess(monolithService);
