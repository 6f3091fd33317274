import { runProcess } from '#platform/process/run-process.js';
import { orderService } from './order.module.js';

await runProcess(orderService);
