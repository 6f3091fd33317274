import { runProcess } from '#platform/process/run-process.js';
import { supervisorService } from './supervisor.module.js';

await runProcess(supervisorService);
