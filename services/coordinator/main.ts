import { runProcess } from '#platform/process/run-process.js';
import { coordinatorService } from './coordinator.module.js';

await runProcess(coordinatorService);
