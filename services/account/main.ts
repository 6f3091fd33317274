import { runProcess } from '#platform/process/run-process.js';
import { accountService } from './account.module.js';

await runProcess(accountService);
